#include "textflag.h"

// The windows of a group, from 24 bytes of text of which the upper half of a
// vector has those from the eighth on.
DATA windows<>+0(SB)/8, $0x0504030203020100
DATA windows<>+8(SB)/8, $0x0908070607060504
DATA windows<>+16(SB)/8, $0x0504030203020100
DATA windows<>+24(SB)/8, $0x0908070607060504
GLOBL windows<>(SB), RODATA|NOPTR, $32

// threeFactor, fourFactor and the bits that fold case; see windowTable.
DATA factors<>+0(SB)/4, $0x9E3779B1
DATA factors<>+4(SB)/4, $0x85EBCA6B
DATA factors<>+8(SB)/4, $0x20202020
GLOBL factors<>(SB), RODATA|NOPTR, $12

// func lookVectors(t *windowTable, text *byte, groups int, found *windowBits)
TEXT ·lookVectors(SB), NOSPLIT, $0-32
	MOVQ t+0(FP), AX
	MOVQ text+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ found+24(FP), DI
	VMOVDQU windows<>(SB), Y8
	VPBROADCASTD factors<>+0(SB), Y9
	VPBROADCASTD factors<>+4(SB), Y10
	VPBROADCASTD factors<>+8(SB), Y11

group:
	VMOVDQU (SI), X0
	VINSERTI128 $1, 8(SI), Y0, Y0
	VPSHUFB Y8, Y0, Y0
	VPOR Y11, Y0, Y0    // the windows
	VPSLLD $8, Y0, Y1
	VPMULLD Y9, Y1, Y1
	VPSRLD $17, Y1, Y1  // hashOfThree
	VPMULLD Y10, Y0, Y2
	VPSRLD $27, Y2, Y2  // hashOfFour
	VPCMPEQD Y3, Y3, Y3 // all of them
	VPXOR Y4, Y4, Y4
	VPGATHERDD Y3, (AX)(Y1*4), Y4
	VPSRLVD Y2, Y4, Y4
	VPSLLD $31, Y4, Y4
	VMOVMSKPS Y4, DX
	MOVB DX, (DI)
	ADDQ $16, SI
	INCQ DI
	DECQ CX
	JNZ group
	VZEROUPPER
	RET
