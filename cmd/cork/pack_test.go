package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdPack is "pack KIND ARCHIVE FILE...": it packs files, by their base names.
//
//	zip, tar, tgz  the usual ones
//	encrypted      a zip that says that its entries are encrypted
//	docx           a document with a paragraph for each line of the files, cut
//	               in the middle into two runs
//	bomb           8 MiB of zeros for each FILE, which need not exist, in a zip
//
// "pack cut N FILE" cuts the last N bytes off.
func cmdPack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: pack KIND ARCHIVE FILE...")
	}
	kind, target := args[0], args[1]
	if kind == "cut" {
		n, err := strconv.Atoi(target)
		ts.Check(err)
		content := ts.ReadFile(args[2])
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(content[:len(content)-n]), 0o644))
		return
	}
	var packed bytes.Buffer
	switch kind {
	case "zip", "encrypted", "docx", "bomb":
		w := zip.NewWriter(&packed)
		add := func(name, content string) {
			e, err := w.Create(name)
			ts.Check(err)
			_, err = e.Write([]byte(content))
			ts.Check(err)
		}
		if kind == "docx" {
			add("[Content_Types].xml", "<Types/>")
		}
		for _, file := range args[2:] {
			switch kind {
			case "docx":
				add("word/document.xml", documentXML(ts.ReadFile(file)))
			case "bomb":
				add(file, strings.Repeat("\x00", 8<<20))
			default:
				add(filepath.Base(file), ts.ReadFile(file))
			}
		}
		ts.Check(w.Close())
	case "tar", "tgz":
		w := tar.NewWriter(&packed)
		for _, file := range args[2:] {
			content := ts.ReadFile(file)
			ts.Check(w.WriteHeader(&tar.Header{Name: filepath.Base(file), Mode: 0o644, Size: int64(len(content))}))
			_, err := w.Write([]byte(content))
			ts.Check(err)
		}
		ts.Check(w.Close())
	default:
		ts.Fatalf("pack: unknown kind %q", kind)
	}
	content := packed.Bytes()
	switch kind {
	case "tgz":
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, err := w.Write(content)
		ts.Check(err)
		ts.Check(w.Close())
		content = zipped.Bytes()
	case "encrypted":
		const record, flags = "PK\x01\x02", 8
		for at := 0; ; at++ {
			i := bytes.Index(content[at:], []byte(record))
			if i < 0 {
				break
			}
			at += i
			content[at+flags] |= 1
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(target), content, 0o644))
}

func documentXML(text string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><w:document><w:body>`)
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		half := len(line) / 2
		b.WriteString("<w:p><w:r><w:t>" + line[:half] + "</w:t></w:r><w:r><w:t>" + line[half:] + "</w:t></w:r></w:p>")
	}
	b.WriteString("</w:body></w:document>\n")
	return b.String()
}
