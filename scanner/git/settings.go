package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ErrNoSettings says that git's configuration has a section, and that the engine
// cannot read it.
var ErrNoSettings = errors.New("git's configuration is read by git alone")

// Settings returns the values of all keys of a section of git's configuration, whose
// name is lower-case letters, in the order in which git reads them; nil if there are
// none. env is the environment. Git is only asked if one of the files that it would
// read has such a section. The embedded engine fails with ErrNoSettings then.
//
// What a file says that trusts, if it is not nil, does not is left out. Its path is
// absolute.
func (r *Repository) Settings(ctx context.Context, env []string, section string, trusts func(file string) bool) (map[string][]string, error) {
	if !r.layout.hasSection(env, section) {
		return nil, nil
	}
	p, ok := r.eng.(*plumbingEngine)
	if !ok {
		return nil, ErrNoSettings
	}
	out, err := p.output(ctx, nil, "config", "-z", "--show-origin", "--get-regexp", `^`+section+`\.`)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 && len(out) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	values := make(map[string][]string)
	for rest := string(out); rest != ""; {
		var origin, entry string
		origin, rest, _ = strings.Cut(rest, "\x00")
		entry, rest, _ = strings.Cut(rest, "\x00")
		if file, ok := strings.CutPrefix(origin, "file:"); ok && trusts != nil {
			if !filepath.IsAbs(file) {
				file = filepath.Join(cmp.Or(r.layout.root, r.layout.gitDir), file)
			}
			if !trusts(file) {
				continue
			}
		}
		key, value, _ := strings.Cut(entry, "\n")
		key = strings.TrimPrefix(key, section+".")
		values[key] = append(values[key], value)
	}
	return values, nil
}

// hasSection looks into the files that git reads, and those that they include, for
// the name of a section. It may be wrong where git does not include a file.
func (l *layout) hasSection(env []string, section string) bool {
	get := func(name string) string {
		for _, kv := range env {
			if k, v, ok := strings.Cut(kv, "="); ok && k == name {
				return v
			}
		}
		return ""
	}
	for _, kv := range env {
		if strings.HasPrefix(kv, "GIT_CONFIG_PARAMETERS=") || strings.HasPrefix(kv, "GIT_CONFIG_KEY_") {
			if strings.Contains(strings.ToLower(kv), section+".") {
				return true
			}
		}
	}
	home := get("HOME")
	if home == "" {
		home = get("USERPROFILE")
	}
	var files []string
	if get("GIT_CONFIG_NOSYSTEM") == "" {
		if system := get("GIT_CONFIG_SYSTEM"); system != "" {
			files = append(files, system)
		} else {
			files = append(files, "/etc/gitconfig")
		}
	}
	if global := get("GIT_CONFIG_GLOBAL"); global != "" {
		files = append(files, global)
	} else if home != "" {
		xdg := get("XDG_CONFIG_HOME")
		if xdg == "" {
			xdg = filepath.Join(home, ".config")
		}
		files = append(files, filepath.Join(xdg, "git", "config"), filepath.Join(home, ".gitconfig"))
	}
	files = append(files, filepath.Join(l.commonDir, "config"), filepath.Join(l.gitDir, "config.worktree"))
	// Files can include each other.
	const maxFiles = 50
	for i := 0; i < len(files) && i < maxFiles; i++ {
		data, err := os.ReadFile(files[i])
		if err != nil {
			continue // git says so, if it matters
		}
		data = bytes.ToLower(data)
		if bytes.Contains(data, []byte("["+section+"]")) {
			return true
		}
		if bytes.Contains(data, []byte("[include")) {
			files = appendIncluded(files, files[i], home)
		}
	}
	return false
}

// appendIncluded appends the files that a file may include.
func appendIncluded(files []string, file, home string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		return files
	}
	path := regexp.MustCompile(`(?im)^[ \t]*path[ \t]*=[ \t]*"?([^"\r\n#;]+)`)
	for _, m := range path.FindAllSubmatch(data, -1) {
		name := strings.TrimSpace(string(m[1]))
		if rest, ok := strings.CutPrefix(name, "~/"); ok {
			name = filepath.Join(home, rest)
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		if !slices.Contains(files, name) {
			files = append(files, name)
		}
	}
	return files
}

// Have returns which of the names, which are relative to the root of the commit that
// a revision names, are files there. If rev is HEAD and there is no commit yet, none
// is.
func (r *Repository) Have(ctx context.Context, rev string, names []string) (have []string, err error) {
	if p, ok := r.eng.(*plumbingEngine); ok {
		return p.have(ctx, rev, names)
	}
	for _, name := range names {
		switch _, err := r.eng.fileAt(ctx, rev, name); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			have = append(have, name)
		}
	}
	return have, nil
}

func (p *plumbingEngine) have(ctx context.Context, rev string, names []string) (have []string, err error) {
	if rev == "" || rev[0] == '-' {
		return nil, fmt.Errorf("%q is not a revision", rev)
	}
	out, err := p.output(ctx, nil, append([]string{"ls-tree", "-z", "--full-tree", rev, "--"}, names...)...)
	if err != nil && rev == "HEAD" {
		if err = p.explainHead(ctx, err); errors.Is(err, errUnborn) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if entry == "" {
			continue
		}
		e, err := parseTreeEntry(entry)
		if err != nil {
			return nil, err
		}
		if e.new.mode != modeTree && e.new.mode != modeGitlink {
			have = append(have, e.path)
		}
	}
	return have, nil
}
