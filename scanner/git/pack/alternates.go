package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// folders returns the folder of objects that is given, and all that it borrows
// from: info/alternates of each, followed as far as they lead, each folder once.
func folders(objects string, more []string, report func(file string, err error)) []string {
	var dirs []string
	var seen []fs.FileInfo
	// add takes a folder that is not one of those that are there.
	add := func(dir string) {
		fi, err := os.Stat(dir)
		if err == nil && !fi.IsDir() {
			err = errors.New("not a folder")
		}
		if err != nil {
			report(dir, fmt.Errorf("alternate object folder: %w", unwrapPath(err)))
			return
		}
		for _, other := range seen {
			if os.SameFile(fi, other) {
				return
			}
		}
		seen = append(seen, fi)
		dirs = append(dirs, dir)
	}
	add(objects)
	for _, dir := range more {
		add(dir)
	}
	for i := 0; i < len(dirs); i++ {
		file := filepath.Join(dirs[i], "info", "alternates")
		data, err := readFile(file)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				report(file, err)
			}
			continue
		}
		for line := range strings.SplitSeq(string(data), "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			if line[0] == '"' {
				if s, ok := unquote(line); ok {
					line = s
				}
			}
			dir := filepath.FromSlash(line)
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(dirs[i], dir)
			}
			add(dir)
		}
	}
	return dirs
}

// unwrapPath returns an error without the path that it names.
func unwrapPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// unquote undoes git's quoting of paths: that of C, with octal escapes.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	var b strings.Builder
	for s = s[1 : len(s)-1]; s != ""; {
		if s[0] == '"' {
			return "", false
		}
		r, multibyte, tail, err := strconv.UnquoteChar(s, '"')
		if err != nil {
			return "", false
		}
		s = tail
		if multibyte {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
	}
	return b.String(), true
}
