#include "textflag.h"

// Bits of classes by the lower half of a byte, and by its upper half:
//
//	0x01  2B + 2D - 2F /
//	0x02  30 to 39, digits
//	0x04  41 to 4F, 61 to 6F, letters
//	0x08  50 to 5A, 5F _
//	0x10  70 to 7A
//	0x20  5C backslash
//	0x40  25 % 26 &
//	0x80  00
DATA lower<>+0(SB)/8, $0x1E5E5E1E1E1E1E9A
DATA lower<>+8(SB)/8, $0x0D040524051C1E1E
GLOBL lower<>(SB), RODATA|NOPTR, $16
DATA upper<>+0(SB)/8, $0x1004280402410080
DATA upper<>+8(SB)/8, $0x0000000000000000
GLOBL upper<>(SB), RODATA|NOPTR, $16

// func classifyVectors(text *byte, words int, c class, out *uint64)
TEXT ·classifyVectors(SB), NOSPLIT, $0-32
	MOVQ text+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ out+24(FP), DI
	VBROADCASTI128 lower<>(SB), Y6
	VBROADCASTI128 upper<>(SB), Y7
	VPBROADCASTB c+16(FP), Y5
	VPCMPEQB Y8, Y8, Y8
	VPSRLW $12, Y8, Y8
	VPSLLW $8, Y8, Y9
	VPOR Y9, Y8, Y8     // 0x0F in each byte
	VPXOR Y9, Y9, Y9

word:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPSRLW $4, Y0, Y2
	VPSRLW $4, Y1, Y3
	VPAND Y8, Y2, Y2
	VPAND Y8, Y3, Y3
	VPSHUFB Y0, Y6, Y0  // of bytes from 0x80 on: 0
	VPSHUFB Y1, Y6, Y1
	VPSHUFB Y2, Y7, Y2
	VPSHUFB Y3, Y7, Y3
	VPAND Y5, Y0, Y0
	VPAND Y5, Y1, Y1
	VPAND Y2, Y0, Y0
	VPAND Y3, Y1, Y1
	VPCMPEQB Y9, Y0, Y0
	VPCMPEQB Y9, Y1, Y1
	VPMOVMSKB Y0, AX
	VPMOVMSKB Y1, BX
	SHLQ $32, BX
	ORQ BX, AX
	NOTQ AX
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ word
	VZEROUPPER
	RET
