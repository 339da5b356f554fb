package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cork-scanner/cork/scanner"
)

// An output is where a report goes: standard output, or a file that comes into
// being complete or not at all.
type output struct {
	w    io.Writer
	path string // of the file; "" for standard output
	mode fs.FileMode

	// What is written to a file is kept in memory up to maxHeld bytes, and in
	// a temporary file beside it from then on: below a folder that is being
	// scanned, the scan would come across that file.
	held bytes.Buffer
	temp *os.File
	done bool
}

const maxHeld = 4 << 20

// openOutput returns the output to a file, as it was typed, or to standard
// output ("-"). private makes it a file of its owner alone. It fails early where
// it is clear that the report could not be written.
func (a *app) openOutput(ctx context.Context, file string, private bool) (*output, error) {
	if file == "-" {
		return &output{w: a.out}, nil
	}
	o := &output{path: a.w.abs(file), mode: 0o666}
	if private {
		o.mode = 0o600
	}
	// The file that a symbolic link leads to is replaced, not the link.
	if target, err := filepath.EvalSymlinks(o.path); err == nil {
		o.path = target
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(o.path)); err == nil {
		o.path = filepath.Join(dir, filepath.Base(o.path))
	}
	info, err := os.Stat(o.path)
	switch {
	case err == nil && info.IsDir():
		return nil, scanner.WithHint(fmt.Errorf("write %q: is a folder", file), "give a file")
	case err == nil && !info.Mode().IsRegular():
		// A device or a pipe cannot be replaced.
		if o.temp, err = openDevice(ctx, o.path); err != nil {
			return nil, fmt.Errorf("write %q: %w", file, unwrapPath(err))
		}
		o.w, o.done = o.temp, true
		return o, nil
	}
	if info, err := os.Stat(filepath.Dir(o.path)); err != nil {
		return nil, scanner.WithHint(fmt.Errorf("write %q: %w", file, unwrapPath(err)), "make the folder first")
	} else if !info.IsDir() {
		return nil, fmt.Errorf("write %q: %q is not a folder", file, filepath.Dir(o.path))
	}
	o.w = (*held)(o)
	return o, nil
}

// openDevice opens what is no plain file. That of a pipe waits for a reader, and
// can be interrupted here.
func openDevice(ctx context.Context, file string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (o *output) isStdout() bool { return o.path == "" }

func (o *output) name() string {
	if o.isStdout() {
		return "standard output"
	}
	return strconv.Quote(o.path)
}

func (o *output) Write(p []byte) (int, error) { return o.w.Write(p) }

// held is an output whose Write holds back.
type held output

func (h *held) Write(p []byte) (int, error) {
	o := (*output)(h)
	if o.temp == nil && o.held.Len()+len(p) > maxHeld {
		if err := o.spill(); err != nil {
			return 0, err
		}
	}
	if o.temp != nil {
		return o.temp.Write(p)
	}
	return o.held.Write(p)
}

// spill makes the temporary file and moves there what is held in memory.
func (o *output) spill() error {
	var err error
	for range 100 {
		name := fmt.Sprintf("%s.%08x.tmp", o.path, rand.Uint32())
		// Not os.CreateTemp, which would leave the report to its owner alone.
		o.temp, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, o.mode)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return err
	}
	_, err = o.temp.Write(o.held.Bytes())
	o.held = bytes.Buffer{}
	return err
}

// commit puts the file in its place. It is called at most once.
func (o *output) commit() error {
	if o.isStdout() {
		return nil
	}
	if o.done { // a device
		return o.temp.Close()
	}
	if o.temp == nil {
		if err := o.spill(); err != nil {
			return err
		}
	}
	o.done = true
	err := o.temp.Close()
	if err == nil {
		err = os.Rename(o.temp.Name(), o.path)
	}
	if err != nil {
		os.Remove(o.temp.Name())
	}
	return err
}

// discard removes what was not committed.
func (o *output) discard() {
	if o.done || o.temp == nil {
		return
	}
	o.temp.Close()
	os.Remove(o.temp.Name())
}

// unwrapPath returns the bare cause of an error about a path that the message
// around it names already.
func unwrapPath(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return linkErr.Err
	}
	return err
}
