package git

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// The gate stands before the embedded engine. It finds the repository, reads
// its configuration and layout, and refuses what go-git would read wrongly,
// partly or not at all. It uses nothing of go-git: go-git meets several of
// these features with an empty answer and no error.

// refuse returns the error for a feature that the embedded engine does not
// read.
func refuse(feature string) error {
	return scanner.WithHint(&UnsupportedError{Feature: feature},
		"install git; where git is on PATH, cork reads every repository that git reads")
}

// notRepository returns the error for a place that is no repository.
func notRepository(what string) error {
	return scanner.WithHint(fmt.Errorf("%s: %w", what, ErrNotRepository),
		"change to a folder inside a repository, or scan files without git: cork files")
}

// A site is a layout found without git.
type site struct {
	layout
	indexFile string // absolute; may not exist
	format    repoFormat
}

// findSite finds the repository as git's setup does: GIT_DIR, or else the
// first repository upward from opts.Dir.
func findSite(opts Options) (*site, error) {
	env := environ(opts.Env)
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	// git sees its working directory without symbolic links.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	if err := gateEnv(env); err != nil {
		return nil, err
	}
	if gitDir, ok := env.lookup("GIT_DIR"); ok {
		return explicitSite(env, dir, gitDir)
	}
	found, err := discover(env, dir)
	if err != nil {
		return nil, err
	}
	if !opts.TrustRepo {
		if err := found.checkOwner(env); err != nil {
			return nil, err
		}
	}
	s, err := newSite(found.gitDir)
	if err != nil {
		return nil, err
	}
	_, workTreeSet := env.lookup("GIT_WORK_TREE")
	switch {
	case workTreeSet || s.format.workTree != "":
		return s.withWorkTree(env, dir)
	case found.workTree != "" && !s.format.bare:
		s.root = found.workTree
		s.setIndex(env, s.root)
	default:
		s.setIndex(env, dir)
	}
	return s, nil
}

// explicitSite is the site that GIT_DIR names.
func explicitSite(env environ, dir, gitDir string) (*site, error) {
	if gitDir == "" {
		return nil, notRepository("GIT_DIR is empty")
	}
	path := absolute(dir, gitDir)
	if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() {
		if path, err = readGitFile(path); err != nil {
			return nil, err
		}
	}
	if !isGitDir(path) {
		return nil, notRepository(fmt.Sprintf("GIT_DIR %q", gitDir))
	}
	s, err := newSite(path)
	if err != nil {
		return nil, err
	}
	return s.withWorkTree(env, dir)
}

// newSite reads what the rest follows from. The caller
// sets root and index.
func newSite(gitDir string) (*site, error) {
	s := &site{layout: layout{gitDir: gitDir, commonDir: commonDirOf(gitDir)}}
	var err error
	s.format, err = readFormat(s.gitDir, s.commonDir)
	return s, err
}

// withWorkTree sets root and index where GIT_DIR, GIT_WORK_TREE or
// core.worktree say where the work tree is. git changes to the top of the
// work tree if it was started inside of it, so that is what a relative
// GIT_INDEX_FILE is relative to.
func (s *site) withWorkTree(env environ, dir string) (*site, error) {
	workTree, ok := env.lookup("GIT_WORK_TREE")
	switch {
	case ok:
		s.root = absolute(dir, workTree)
	case s.format.bare:
	case s.format.workTree != "":
		s.root = absolute(s.gitDir, s.format.workTree)
	case env.isFalse("GIT_IMPLICIT_WORK_TREE"):
	default:
		s.root = dir
	}
	base := dir
	if s.root != "" {
		if real, err := filepath.EvalSymlinks(s.root); err == nil {
			s.root = real
		}
		if rel, err := filepath.Rel(s.root, dir); err == nil && filepath.IsLocal(rel) {
			base = s.root
		}
	}
	s.setIndex(env, base)
	return s, nil
}

func (s *site) setIndex(env environ, base string) {
	s.indexFile = filepath.Join(s.gitDir, "index")
	if name, ok := env.lookup("GIT_INDEX_FILE"); ok {
		s.indexFile = absolute(base, name)
	}
}

// A discovery is a repository found by walking up.
type discovery struct {
	gitFile  string // the .git file, if it is one
	gitDir   string
	workTree string // "" if the directory is itself a git directory
}

// discover walks up from dir to the first repository. It stops at
// GIT_CEILING_DIRECTORIES and at the boundary of the file system, as git does.
func discover(env environ, dir string) (*discovery, error) {
	ceiling := ceilingOf(env, dir)
	device, hasDevice := deviceOf(dir)
	for at := dir; ; {
		dotGit := filepath.Join(at, ".git")
		switch fi, err := os.Stat(dotGit); {
		case err == nil && fi.Mode().IsRegular():
			gitDir, err := readGitFile(dotGit)
			if err != nil {
				return nil, err
			}
			return &discovery{gitFile: dotGit, gitDir: gitDir, workTree: at}, nil
		case err == nil && fi.IsDir() && isGitDir(dotGit):
			return &discovery{gitDir: dotGit, workTree: at}, nil
		case err == nil, errors.Is(err, fs.ErrNotExist):
		default:
			return nil, err
		}
		if isGitDir(at) {
			if bareForbidden(env) {
				return nil, scanner.WithHint(fmt.Errorf("cannot use bare repository %q: safe.bareRepository is explicit", at),
					"name the repository: GIT_DIR="+shellQuote(filepath.ToSlash(at)))
			}
			return &discovery{gitDir: at}, nil
		}
		up := filepath.Dir(at)
		if up == at || up == ceiling {
			return nil, notRepository(fmt.Sprintf("%q and above", dir))
		}
		if d, ok := deviceOf(up); ok && hasDevice && d != device && !env.isTrue("GIT_DISCOVERY_ACROSS_FILESYSTEM") {
			return nil, notRepository(fmt.Sprintf("%q and above, up to mount point %q", dir, at))
		}
		at = up
	}
}

// ceilingOf returns the deepest of GIT_CEILING_DIRECTORIES that is above dir.
func ceilingOf(env environ, dir string) string {
	list, _ := env.lookup("GIT_CEILING_DIRECTORIES")
	deepest, resolve := "", true
	for _, c := range filepath.SplitList(list) {
		if c == "" {
			resolve = false // git: what follows an empty entry is taken as it is
			continue
		}
		if !filepath.IsAbs(c) {
			continue
		}
		c = filepath.Clean(c)
		if real, err := filepath.EvalSymlinks(c); resolve && err == nil {
			c = real
		}
		rel, err := filepath.Rel(c, dir)
		if err == nil && rel != "." && filepath.IsLocal(rel) && len(c) > len(deepest) {
			deepest = c
		}
	}
	return deepest
}

// checkOwner refuses what somebody else owns, as git does since 2.35.2.
func (d *discovery) checkOwner(env environ) error {
	for _, path := range []string{d.gitFile, d.workTree, d.gitDir} {
		if path == "" {
			continue
		}
		ours, err := ownedByUser(env, path)
		if err != nil {
			return fmt.Errorf("owner of %q: %w", path, err)
		}
		if ours {
			continue
		}
		top := d.workTree
		if top == "" {
			top = d.gitDir
		}
		if isSafeDirectory(env, top) {
			return nil
		}
		return scanner.WithHint(fmt.Errorf("dubious ownership: %q belongs to somebody else", path),
			"to read it this once, pass --trust-repo; to trust it from now on: git config --global --add safe.directory "+shellQuote(filepath.ToSlash(top)))
	}
	return nil
}

// isSafeDirectory reports whether safe.directory names the path.
func isSafeDirectory(env environ, path string) bool {
	safe := false
	for _, v := range protectedConfig(env, "safe.directory") {
		switch {
		case v == "":
			safe = false // an empty value empties the list
		case v == "*":
			safe = true
		case strings.HasSuffix(v, "/*"):
			rel, err := filepath.Rel(filepath.FromSlash(strings.TrimSuffix(v, "/*")), path)
			safe = safe || err == nil && rel != "." && filepath.IsLocal(rel)
		default:
			if home, ok := env.lookup("HOME"); ok && strings.HasPrefix(v, "~/") {
				v = home + v[1:]
			}
			safe = safe || filepath.Clean(filepath.FromSlash(v)) == path
		}
	}
	return safe
}

func bareForbidden(env environ) bool {
	values := protectedConfig(env, "safe.barerepository")
	return len(values) > 0 && values[len(values)-1] == "explicit"
}

// protectedConfig returns the values of a key in the system's and the user's
// configuration and in GIT_CONFIG_COUNT, in git's order. Included files are
// not read; a safe.directory in one of them is thus not honoured.
func protectedConfig(env environ, key string) []string {
	var files []string
	if v, ok := env.lookup("GIT_CONFIG_SYSTEM"); ok {
		files = append(files, v)
	} else if !env.isTrue("GIT_CONFIG_NOSYSTEM") && runtime.GOOS != "windows" {
		files = append(files, "/etc/gitconfig")
	}
	home, hasHome := env.lookup("HOME")
	if v, ok := env.lookup("GIT_CONFIG_GLOBAL"); ok {
		files = append(files, v)
	} else {
		if v, _ := env.lookup("XDG_CONFIG_HOME"); v != "" {
			files = append(files, filepath.Join(v, "git", "config"))
		} else if hasHome {
			files = append(files, filepath.Join(home, ".config", "git", "config"))
		}
		if hasHome {
			files = append(files, filepath.Join(home, ".gitconfig"))
		}
	}
	var values []string
	for _, name := range files {
		entries, err := readConfig(name)
		if err != nil {
			continue // nothing is trusted on the word of a file that cannot be read
		}
		for _, e := range entries {
			if e.key == key {
				values = append(values, e.value)
			}
		}
	}
	count, _ := env.lookup("GIT_CONFIG_COUNT")
	n, _ := strconv.Atoi(count)
	for i := range min(n, 1000) {
		k, _ := env.lookup("GIT_CONFIG_KEY_" + strconv.Itoa(i))
		v, _ := env.lookup("GIT_CONFIG_VALUE_" + strconv.Itoa(i))
		if strings.EqualFold(k, key) {
			values = append(values, v)
		}
	}
	return values
}

// isGitDir reports whether git takes the directory for a repository: it has a
// plausible HEAD, objects and refs.
func isGitDir(dir string) bool {
	head := filepath.Join(dir, "HEAD")
	if fi, err := os.Lstat(head); err != nil {
		return false
	} else if fi.Mode()&fs.ModeSymlink != 0 {
		if to, err := os.Readlink(head); err != nil || !strings.HasPrefix(to, "refs/") {
			return false
		}
	} else if data, err := os.ReadFile(head); err != nil {
		return false
	} else if to, ok := symbolicTarget(data); ok {
		if !strings.HasPrefix(to, "refs/") {
			return false
		}
	} else if !startsWithID(data) {
		return false
	}
	common := commonDirOf(dir)
	for _, name := range []string{"objects", "refs"} {
		if fi, err := os.Stat(filepath.Join(common, name)); err != nil || !fi.IsDir() {
			return false
		}
	}
	return true
}

// startsWithID reports whether the data starts with an object id of SHA-1 (or
// the longer one of SHA-256).
func startsWithID(data []byte) bool {
	return len(data) >= 40 && isHex(strings.ToLower(string(data[:40])))
}

// symbolicTarget returns the target of a symbolic reference.
func symbolicTarget(data []byte) (target string, ok bool) {
	rest, ok := bytes.CutPrefix(data, []byte("ref:"))
	if !ok {
		return "", false
	}
	return string(bytes.TrimSpace(rest)), true
}

// commonDirOf returns the directory that the work trees of a repository
// share.
func commonDirOf(gitDir string) string {
	data, err := os.ReadFile(filepath.Join(gitDir, "commondir"))
	if err != nil {
		return gitDir
	}
	return absolute(gitDir, strings.TrimRight(string(data), "\r\n"))
}

// readGitFile returns the git directory that a .git file names.
func readGitFile(name string) (string, error) {
	const maxSize = 1 << 20 // as git
	fi, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if fi.Size() > maxSize {
		return "", fmt.Errorf("%q is too large for a .git file", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	to, ok := strings.CutPrefix(string(data), "gitdir: ")
	to = strings.TrimRight(to, "\r\n")
	if !ok || to == "" {
		return "", notRepository(fmt.Sprintf("%q is not a valid .git file", name))
	}
	gitDir := absolute(filepath.Dir(name), to)
	if !isGitDir(gitDir) {
		return "", notRepository(fmt.Sprintf("%q, which %q names", gitDir, name))
	}
	return gitDir, nil
}

func absolute(base, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// An environ is an environment as os.Environ returns it.
type environ []string

// lookup returns the last value of the variable: the one that a child sees.
func (e environ) lookup(key string) (value string, ok bool) {
	for _, kv := range slices.Backward(e) {
		if v, found := strings.CutPrefix(kv, key+"="); found {
			return v, true
		}
	}
	return "", false
}

func (e environ) isTrue(key string) bool {
	v, ok := e.lookup(key)
	b, err := configBool(v)
	return ok && err == nil && b
}

func (e environ) isFalse(key string) bool {
	v, ok := e.lookup(key)
	b, err := configBool(v)
	return ok && err == nil && !b
}

// gateEnv refuses variables that move parts of the repository.
func gateEnv(env environ) error {
	for _, key := range []string{
		"GIT_COMMON_DIR",
		"GIT_OBJECT_DIRECTORY", // also the quarantine of pre-receive
		"GIT_ALTERNATE_OBJECT_DIRECTORIES",
		"GIT_NAMESPACE",
		"GIT_SHALLOW_FILE",
		"GIT_REFERENCE_BACKEND",
	} {
		if v, ok := env.lookup(key); ok && v != "" {
			return refuse(key + " in the environment")
		}
	}
	return nil
}

// gate refuses repositories that go-git does not read exactly.
func (s *site) gate() error {
	if err := s.format.gate(); err != nil {
		return err
	}
	objects := filepath.Join(s.commonDir, "objects")
	data, err := os.ReadFile(filepath.Join(objects, "info", "alternates"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(data)) {
		// git takes lines with # for comments.
		if line = strings.TrimRight(line, "\r\n"); line != "" && line[0] != '#' {
			return refuse("objects/info/alternates")
		}
	}
	return gatePacks(filepath.Join(objects, "pack"))
}

// gatePacks refuses packs that git reads and go-git does not see, or the
// reverse. git goes by the index files, whatever they are called; go-git goes
// by pack-<checksum>.pack and fails on all objects if one of these has no
// index.
func gatePacks(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		name := e.Name()
		if base, ok := strings.CutSuffix(name, ".idx"); ok && names[base+".pack"] {
			if err := gatePackIndex(filepath.Join(dir, name), base); err != nil {
				return err
			}
		}
		if base, ok := strings.CutSuffix(name, ".pack"); ok && strings.HasPrefix(name, "pack-") && !names[base+".idx"] {
			if names["multi-pack-index"] {
				return refuse("a multi-pack-index in place of pack indexes")
			}
			return refuse("a pack without an index")
		}
	}
	return nil
}

// gatePackIndex refuses a pack index of another version than 2, and a pack
// that is not named after its checksum (git before 1.9 named them otherwise).
func gatePackIndex(name, base string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	head, tail := make([]byte, 8), make([]byte, 40)
	if _, err := io.ReadFull(f, head); err != nil {
		return fmt.Errorf("read pack index %q: %w", name, err)
	}
	if !bytes.Equal(head, []byte("\xfftOc\x00\x00\x00\x02")) {
		return refuse("a pack index of another version than 2")
	}
	if _, err := f.Seek(-int64(len(tail)), io.SeekEnd); err != nil {
		return fmt.Errorf("read pack index %q: %w", name, err)
	}
	if _, err := io.ReadFull(f, tail); err != nil {
		return fmt.Errorf("read pack index %q: %w", name, err)
	}
	if base != fmt.Sprintf("pack-%x", tail[:20]) {
		return refuse("a pack that is not named after its checksum")
	}
	return nil
}

// A repoFormat is what git reads from a repository's configuration before
// anything else. git follows no includes here.
type repoFormat struct {
	version    int
	extensions []configEntry // key without "extensions."
	bare       bool
	workTree   string // core.worktree
	partial    bool   // a remote promises objects that are not here
}

// readFormat reads the format of a repository. core.bare and core.worktree
// of the shared configuration do not count in linked work trees.
func readFormat(gitDir, commonDir string) (repoFormat, error) {
	var f repoFormat
	entries, err := readConfig(filepath.Join(commonDir, "config"))
	if err != nil {
		return f, err
	}
	linked := gitDir != commonDir
	if err := f.apply(entries, linked); err != nil {
		return f, err
	}
	i := slices.IndexFunc(f.extensions, func(e configEntry) bool { return e.key == "worktreeconfig" })
	if i < 0 {
		return f, nil
	}
	if on, err := configBool(f.extensions[i].value); err == nil && !on {
		return f, nil
	}
	if entries, err = readConfig(filepath.Join(gitDir, "config.worktree")); err != nil {
		return f, err
	}
	return f, f.apply(entries, false)
}

func (f *repoFormat) apply(entries []configEntry, linked bool) error {
	for _, e := range entries {
		var err error
		switch e.key {
		case "core.repositoryformatversion":
			f.version, err = strconv.Atoi(e.value)
		case "core.bare":
			if !linked {
				f.bare, err = configBool(e.value)
			}
		case "core.worktree":
			if !linked {
				f.workTree = e.value
			}
		default:
			if strings.HasPrefix(e.key, "remote.") && strings.HasSuffix(e.key, ".promisor") || e.key == "extensions.partialclone" {
				f.partial = true
			}
			if ext, ok := strings.CutPrefix(e.key, "extensions."); ok {
				f.extensions = append(f.extensions, configEntry{ext, e.value})
			}
		}
		if err != nil {
			return scanner.WithHint(fmt.Errorf("config: bad value %q for %s", e.value, e.key),
				"to see where settings come from: git config --show-origin --list")
		}
	}
	return nil
}

// gate refuses formats and extensions that change how the repository is read.
// Those that it lets pass do not: preciousObjects forbids to prune,
// partialClone says where missing objects can be fetched from (they stay
// missing here, which is an error where one is needed), worktreeConfig is
// read by readFormat.
func (f *repoFormat) gate() error {
	if f.version > 1 {
		return refuse("core.repositoryformatversion=" + strconv.Itoa(f.version))
	}
	for _, e := range f.extensions {
		switch e.key {
		case "noop", "noop-v1", "preciousobjects", "partialclone", "worktreeconfig":
			continue
		case "objectformat":
			if e.value == "sha1" {
				continue
			}
			return refuse("extensions.objectFormat=" + e.value)
		case "refstorage":
			if e.value == "files" {
				continue
			}
			return refuse("extensions.refStorage=" + e.value)
		}
		return refuse("extensions." + e.key)
	}
	return nil
}

// A configEntry is one variable: section and name in lower case, subsection
// as it is.
type configEntry struct {
	key, value string
}

// readConfig reads a configuration file. A file that does not exist is empty.
func readConfig(name string) ([]configEntry, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := parseConfig(data)
	if err != nil {
		return nil, scanner.WithHint(fmt.Errorf("config %q: %w", name, err), "mend that line")
	}
	return entries, nil
}

// parseConfig parses the text of a configuration file as git does. A variable
// without "=" has the value "true".
func parseConfig(data []byte) ([]configEntry, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p := configParser{data: bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), line: 1}
	var entries []configEntry
	section := ""
	for {
		c, ok := p.next()
		switch {
		case !ok:
			return entries, nil
		case c == '#' || c == ';':
			p.skipLine()
		case isSpace(c):
		case c == '[':
			if section, ok = p.section(); !ok {
				return nil, fmt.Errorf("bad section in line %d", p.line)
			}
		case isAlpha(c) && section != "":
			line := p.line
			name, value, ok := p.variable(c)
			if !ok {
				return nil, fmt.Errorf("bad variable in line %d", line)
			}
			entries = append(entries, configEntry{section + "." + name, value})
		default:
			return nil, fmt.Errorf("bad character in line %d", p.line)
		}
	}
}

type configParser struct {
	data []byte
	line int // 1-based
}

func (p *configParser) next() (c byte, ok bool) {
	if len(p.data) == 0 {
		return 0, false
	}
	c, p.data = p.data[0], p.data[1:]
	if c == '\n' {
		p.line++
	}
	return c, true
}

func (p *configParser) skipLine() {
	for c, ok := p.next(); ok && c != '\n'; c, ok = p.next() {
	}
}

// section parses what follows "[".
func (p *configParser) section() (name string, ok bool) {
	var b strings.Builder
	for {
		c, ok := p.next()
		switch {
		case !ok:
			return "", false
		case c == ']':
			return b.String(), b.Len() > 0
		case isSpace(c) && c != '\n':
			sub, ok := p.subsection()
			return b.String() + "." + sub, ok && b.Len() > 0
		case isAlpha(c), isDigit(c), c == '-', c == '.':
			b.WriteByte(lower(c))
		default:
			return "", false
		}
	}
}

// subsection parses a quoted subsection and the closing bracket.
func (p *configParser) subsection() (name string, ok bool) {
	c, ok := p.next()
	for ok && isSpace(c) && c != '\n' {
		c, ok = p.next()
	}
	if !ok || c != '"' {
		return "", false
	}
	var b strings.Builder
	for {
		c, ok := p.next()
		if ok && c == '\\' {
			if c, ok = p.next(); !ok || c == '\n' {
				return "", false
			}
			b.WriteByte(c)
			continue
		}
		switch {
		case !ok || c == '\n':
			return "", false
		case c == '"':
			c, ok = p.next()
			return b.String(), ok && c == ']'
		}
		b.WriteByte(c)
	}
}

// variable parses a variable whose first letter has been read.
func (p *configParser) variable(first byte) (name, value string, ok bool) {
	b := []byte{lower(first)}
	c, more := p.next()
	for more && (isAlpha(c) || isDigit(c) || c == '-') {
		b = append(b, lower(c))
		c, more = p.next()
	}
	for more && (c == ' ' || c == '\t') {
		c, more = p.next()
	}
	if !more || c == '\n' {
		return string(b), "true", true
	}
	if c != '=' {
		return "", "", false
	}
	value, ok = p.value()
	return string(b), value, ok
}

// value parses what follows "=": blanks around it are dropped unless quoted,
// a comment ends it, a backslash at the end of a line continues it.
func (p *configParser) value() (value string, ok bool) {
	var b []byte
	quoted := false
	keep := 0 // blanks before this are kept
	for {
		c, more := p.next()
		switch {
		case !more || c == '\n':
			if quoted {
				return "", false
			}
			return string(b[:keep]), true
		case !quoted && isSpace(c):
			if len(b) > 0 {
				b = append(b, c)
			}
			continue
		case !quoted && (c == '#' || c == ';'):
			p.skipLine()
			return string(b[:keep]), true
		case c == '"':
			quoted = !quoted
			keep = len(b)
			continue
		case c == '\\':
			c, more = p.next()
			switch {
			case !more, c == '\n':
				continue
			case c == 't':
				c = '\t'
			case c == 'b':
				c = '\b'
			case c == 'n':
				c = '\n'
			case c == '\\', c == '"':
			default:
				return "", false
			}
		}
		b = append(b, c)
		keep = len(b)
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// configBool reads a boolean as git does.
func configBool(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "true", "yes", "on":
		return true, nil
	case "", "false", "no", "off":
		return false, nil
	}
	n, err := strconv.Atoi(v)
	return n != 0, err
}

// errMalformedIndex is wrapped by errors about an index that git would not
// read either.
var errMalformedIndex = errors.New("malformed index")

// An indexEntry is one entry of an index as walkIndex finds it.
type indexEntry struct {
	name        string
	mode        uint32
	id          objectID
	stage       int
	intentToAdd bool
}

// gateIndex refuses indexes that go-git does not read: it stops at a split
// index or a sparse index with "unknown extension", and at an index without a
// checksum with "invalid checksum".
func gateIndex(data []byte) error {
	return walkIndex(data, func(indexEntry) {})
}

// walkIndex reads the entries of an index and refuses what the embedded
// engine does not read. It is the second opinion on go-git's decoder.
func walkIndex(data []byte, visit func(indexEntry)) error {
	const headerSize, idSize = 12, 20
	if len(data) < headerSize+idSize || string(data[:4]) != "DIRC" {
		return fmt.Errorf("%w: no header", errMalformedIndex)
	}
	version := binary.BigEndian.Uint32(data[4:])
	if version < 2 || version > 4 {
		return refuse("an index of version " + strconv.FormatUint(uint64(version), 10))
	}
	if id := data[len(data)-idSize:]; bytes.Equal(id, make([]byte, idSize)) {
		return refuse("index.skipHash (an index without a checksum)")
	}
	rest := data[headerSize : len(data)-idSize]
	var prev string
	for range binary.BigEndian.Uint32(data[8:]) {
		e, size, err := walkIndexEntry(rest, version, prev)
		if err != nil {
			return err
		}
		if e.mode == 0o040000 {
			return refuse("a sparse index")
		}
		visit(e)
		prev, rest = e.name, rest[size:]
	}
	return gateIndexExtensions(rest)
}

// gateIndexExtensions refuses extensions that must be understood: those that
// do not start with a capital letter.
func gateIndexExtensions(rest []byte) error {
	for len(rest) >= 8 {
		name, size := string(rest[:4]), uint64(binary.BigEndian.Uint32(rest[4:]))
		switch {
		case name == "link":
			return refuse("a split index")
		case name == "sdir":
			return refuse("a sparse index")
		case name[0] < 'A' || name[0] > 'Z':
			return refuse("index extension " + strconv.Quote(name))
		case size > uint64(len(rest)-8):
			return fmt.Errorf("%w: extension %q is cut short", errMalformedIndex, name)
		}
		rest = rest[8+size:]
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %d bytes too many", errMalformedIndex, len(rest))
	}
	return nil
}

// walkIndexEntry reads the entry at the start of data; prev is the name of
// the entry before it.
func walkIndexEntry(data []byte, version uint32, prev string) (e indexEntry, size int, err error) {
	const (
		fixedSize = 62 // times, device, inode, mode, owner, size, id, flags

		nameLen  = 0x0fff // in flags
		extended = 0x4000

		intentToAdd  = 0x2000 // in extended flags
		skipWorktree = 0x4000
	)
	if len(data) < fixedSize+2 {
		return e, 0, fmt.Errorf("%w: an entry is cut short", errMalformedIndex)
	}
	e.mode = binary.BigEndian.Uint32(data[24:])
	copy(e.id[:], data[40:60])
	flags := binary.BigEndian.Uint16(data[60:])
	e.stage = int(flags >> 12 & 3)
	size = fixedSize
	if flags&extended != 0 {
		more := binary.BigEndian.Uint16(data[size:])
		if version < 3 || more&^(intentToAdd|skipWorktree) != 0 {
			return e, 0, fmt.Errorf("%w: unknown entry format", errMalformedIndex)
		}
		e.intentToAdd = more&intentToAdd != 0
		size += 2
	}
	prefix := ""
	if version == 4 {
		strip, n := offsetVarint(data[size:])
		if n == 0 || strip > uint64(len(prev)) {
			return e, 0, fmt.Errorf("%w: bad name after %q", errMalformedIndex, prev)
		}
		prefix, size = prev[:len(prev)-int(strip)], size+n
	}
	name := data[size:]
	end := bytes.IndexByte(name, 0)
	if n := int(flags & nameLen); version < 4 && n < nameLen && end >= 0 && end != n {
		return e, 0, fmt.Errorf("%w: bad name after %q", errMalformedIndex, prev)
	}
	if end < 0 {
		return e, 0, fmt.Errorf("%w: bad name after %q", errMalformedIndex, prev)
	}
	e.name = prefix + string(name[:end])
	size += end + 1
	if version < 4 {
		size = (size + 7) &^ 7
	}
	if size > len(data) {
		return e, 0, fmt.Errorf("%w: an entry is cut short", errMalformedIndex)
	}
	return e, size, nil
}

// offsetVarint reads git's variable-width number; n is 0 if there is none.
func offsetVarint(data []byte) (v uint64, n int) {
	for i, c := range data[:min(len(data), 9)] {
		if i > 0 {
			v = (v + 1) << 7
		}
		v |= uint64(c & 0x7f)
		if c&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}
