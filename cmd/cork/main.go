// Cork keeps secrets out of git: it scans what a commit would record, what a
// push would send, and files, and blocks what holds a key or a password. It
// finds those that are in a history already, and tells what became of them.
//
// This package is the command alone. Whatever knows the environment, the
// flags, the working directory, the clock, the terminal or an exit code is
// here; what a secret looks like is in package rules, what a scan is in
// package scanner, how repositories are read in scanner/git, how findings are
// written in scanner/report.
//
// # Exit codes
//
//	0    scanned completely, nothing found
//	1    secrets found
//	2    nothing found but the scan could not complete, or usage or
//	     configuration is wrong
//	3    install-hook: another hook is in the way, nothing was changed
//	130  interrupted
//
// There is no path from an error to 0.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// The heap may grow to two and a half times what is in use before it is collected,
// instead of twice: what is in use is little. An audit of curl's history takes 215
// MB beside its pack so, and 315 with three times and no less processor time. From
// half a GiB on it is collected sooner: rails' history takes 450 MB instead of 690,
// and no more time.
const (
	gcPercent   = 150
	memoryLimit = 450 << 20 // bytes
)

func main() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
	ctx, stop := untilInterrupted()
	code := run(ctx, newWorld())
	stop()
	os.Exit(code)
}

// untilInterrupted returns a context that ends with the first SIGINT or
// SIGTERM. A second one ends the process as if nobody listened.
func untilInterrupted() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	// With a listener, a write to a closed pipe is an error that is reported
	// and makes the exit code 2; without one, it kills the process. Ignoring
	// the signal instead would make git ignore it too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return ctx, stop
}
