// Package hook puts cork into git's hooks, takes it out again, and says
// whether a hook will run.
//
//	rep, err := hook.Install(ctx, hook.Options{
//		Runner: hook.Runner{Git: "/usr/bin/git", Env: os.Environ(), Dir: dir},
//		Bin:    "/usr/local/bin/cork",
//		Now:    time.Now(),
//	})
//
// # What it promises
//
// A hook that is not cork's is never overwritten, never written through a
// symbolic link, and never silently switched off: it is chained and runs
// first, or it is left alone and [Install] returns an [*InTheWayError] that
// holds the lines to paste into whatever manages the hooks. Nothing is changed
// unless everything that was asked for can be done.
//
// core.hooksPath is read and never written.
//
// What is installed refuses the commit if cork is gone. [Install] ends by
// asking git whether the hooks will run, and fails if they will not.
//
// # Two methods
//
// A file is a script in the directory that git takes hooks from. It works with
// every git, and hook managers fight over it. A config hook (hook.<name>.event
// and hook.<name>.command, git 2.54 and later) runs beside every manager, but
// an older git on the same machine ignores it without a word. So files are the
// rule, and config hooks are for where a manager holds the file, and for
// hooks of a whole user or machine.
//
// The package runs git, and reads and writes hook files. It reads no
// environment, no clock and no working directory: they come in with [Options].
package hook
