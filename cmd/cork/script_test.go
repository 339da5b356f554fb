package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"
)

// logVariable names the folder where every cork that a script starts, by
// itself or through git, leaves what it wrote.
const logVariable = "CORK_TEST_LOG"

// showSecretsFlag exempts a run from the check that no secret was shown.
const showSecretsFlag = "--show-secrets"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cork": corkMain})
}

// corkMain is main, and keeps a copy of what it writes.
func corkMain() {
	ctx, stop := untilInterrupted()
	w := newWorld()
	var wrote bytes.Buffer
	w.stdout, w.stderr = io.MultiWriter(&wrote, w.stdout), io.MultiWriter(&wrote, w.stderr)
	code := run(ctx, w)
	stop()
	if dir := os.Getenv(logVariable); dir != "" && !slices.Contains(w.args, showSecretsFlag) {
		for i, arg := range w.args[:max(0, len(w.args)-1)] {
			file := w.args[i+1]
			switch arg {
			case "-o", "--output":
			case "--report":
				_, file, _ = strings.Cut(file, "=")
			default:
				continue
			}
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
				report, _ := os.ReadFile(file)
				wrote.Write(report)
			}
		}
		f, err := os.CreateTemp(dir, "*.log")
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(f, "%d\n", code)
		f.Write(wrote.Bytes())
		f.Close()
	}
	os.Exit(code)
}

// secretsKey is the key of a *secrets in a script's values.
type secretsKey struct{}

// secrets are what a script plants.
type secrets struct {
	rand  *rand.Rand
	clear []string
}

func TestScript(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("..", "..", "testdata", "script"),
		RequireUniqueNames: true,
		Setup:              setupScript,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Getuid() == 0, nil
			case "devfull":
				_, err := os.Stat("/dev/full")
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"git":     cmdGit,
			"exits":   cmdExits,
			"mktoken": cmdMktoken,
			"plant":   cmdPlant,
			"json":    cmdJSON,
			"rev":     cmdRev,
			"pack":    cmdPack,
		},
	})
}

func setupScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	logs := filepath.Join(env.WorkDir, ".log")
	for _, dir := range []string{home, logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	config := filepath.Join(home, ".gitconfig")
	if err := os.WriteFile(config, []byte("[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n[protocol \"file\"]\n\tallow = always\n"), 0o644); err != nil {
		return err
	}
	cork, err := exec.LookPath("cork")
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"HOME":                home,
		"USERPROFILE":         home,
		"XDG_CONFIG_HOME":     filepath.Join(home, ".config"),
		"GIT_CONFIG_GLOBAL":   config,
		"GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME":     "A U Thor",
		"GIT_AUTHOR_EMAIL":    "author@example.com",
		"GIT_AUTHOR_DATE":     "2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME":  "C O Mitter",
		"GIT_COMMITTER_EMAIL": "committer@example.com",
		"GIT_COMMITTER_DATE":  "2026-01-02T03:04:05Z",
		"GIT_TERMINAL_PROMPT": "0",
		"GIT_EDITOR":          "true",
		"LC_ALL":              "C",
		"CORKDIR":             filepath.Dir(cork),
		logVariable:           logs,
	} {
		env.Setenv(name, value)
	}
	h := fnv.New64a()
	h.Write([]byte(filepath.Base(env.WorkDir)))
	s := &secrets{rand: rand.New(rand.NewPCG(h.Sum64(), 1))}
	env.Values[secretsKey{}] = s
	env.Defer(func() {
		if t, ok := env.T().(testing.TB); ok {
			checkLogs(t, logs, s)
		}
	})
	return nil
}

// checkLogs fails if any cork wrote a secret.
func checkLogs(t testing.TB, dir string, s *secrets) {
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		t.Errorf("find what cork wrote: %v", err)
	}
	for _, name := range logs {
		wrote, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("read what cork wrote: %v", err)
		}
		for i, clear := range s.clear {
			for _, spelled := range spellings(clear) {
				if bytes.Contains(wrote, []byte(spelled)) {
					t.Errorf("cork wrote secret %d of the script in the clear, or encoded:\n%s", i+1, wrote)
				}
			}
		}
	}
}

// spellings returns a secret as it is and encoded, as it stands in the midst of
// other encoded text.
func spellings(clear string) []string {
	all := []string{clear, hex.EncodeToString([]byte(clear)), utf16Bytes(clear, 0)}
	for before := range 3 {
		b := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + clear))
		// The first and the last characters also encode what stands beside it.
		all = append(all, b[(8*before+5)/6:len(b)-1])
	}
	return all
}

// cmdGit is "git ARG...".
func cmdGit(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("git", args...)
	if (err != nil) != neg {
		ts.Fatalf("git %s: error %v", strings.Join(args, " "), err)
	}
}

// cmdRev is "rev NAME REVISION": it puts the id of a commit into an environment
// variable.
func cmdRev(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: rev NAME REVISION")
	}
	ts.Check(ts.Exec("git", "rev-parse", "--verify", args[1]+"^{commit}"))
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// cmdExits is "exits CODE PROGRAM ARG...": the program must end with that exit
// code, and no other.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdMktoken is "mktoken KIND...": it makes tokens that are found and that
// nobody issued, and puts them into environment variables:
//
//	github    GITHUB: a personal access token with the right checksum
//	github2   GITHUB2: another one; and so on up to github9
//	aws       AWS_ID and AWS_SECRET
//	slack     SLACK: a webhook's URL
//	openai    OPENAI: a project key as it is in the guide, too short to be real
//	password  PASSWORD: letters and three digits
//	expired   EXPIRED: a JSON Web Token that ended in 2001
//	pem       PEM: a private key; a single line for each, PEM1, PEM2, PEM3
func cmdMktoken(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(secretsKey{}).(*secrets)
	// secret also makes the script fail if it is ever shown.
	secret := func(name, value, hidden string) {
		ts.Setenv(name, value)
		s.clear = append(s.clear, hidden)
	}
	for _, kind := range args {
		switch kind {
		case "github", "github2", "github3", "github4", "github5", "github6", "github7", "github8", "github9":
			token := s.github()
			secret(strings.ToUpper(kind), token, token)
		case "aws":
			ts.Setenv("AWS_ID", "AK"+"IA"+s.chars(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
			key := s.chars(40, base62+"+/")
			secret("AWS_SECRET", key, key)
		case "slack":
			last := s.chars(24, base62)
			secret("SLACK", "https://hooks."+"slack.com/services/T"+s.chars(10, upper)+"/B"+s.chars(10, upper)+"/"+last, last)
		case "openai":
			key := "sk-" + "proj-" + "abc123"
			secret("OPENAI", key, key)
		case "password":
			weak := "mypass" + "word" + s.chars(3, "123456789")
			secret("PASSWORD", weak, weak)
		case "expired":
			part := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
			token := part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(`{"sub":"`+s.chars(24, base62)+`","exp":1000000000}`) + "." + s.chars(43, base62)
			secret("EXPIRED", token, token)
		case "pem":
			lines := strings.SplitAfter(s.pem(), "\n")
			ts.Setenv("PEM", strings.Join(lines, ""))
			for i, line := range lines[1:4] {
				secret("PEM"+strconv.Itoa(i+1), line, strings.TrimSpace(line))
			}
		default:
			ts.Fatalf("mktoken: unknown kind %q", kind)
		}
	}
}

const (
	upper  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base62 = upper + "abcdefghijklmnopqrstuvwxyz"
)

func (s *secrets) chars(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.rand.IntN(len(alphabet))]
	}
	return string(b)
}

// github returns a token whose last six characters are the CRC-32 of the
// thirty before them, in base 62.
func (s *secrets) github() string {
	body := s.chars(30, base62)
	n := new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body))))
	sum := ""
	for range 6 {
		var digit big.Int
		n.DivMod(n, big.NewInt(62), &digit)
		sum = string((upper + "abcdefghijklmnopqrstuvwxyz")[digit.Int64()]) + sum
	}
	return "gh" + "p_" + body + sum
}

func (s *secrets) pem() string {
	key, err := ecdsa.GenerateKey(elliptic.P384(), crand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// cmdPlant is "plant [-utf16le|-utf16be|-bom|-crlf|-base64] FILE...": it
// replaces @NAME@ in files by the environment variable NAME, and encodes them.
func cmdPlant(ts *testscript.TestScript, neg bool, args []string) {
	encode := func(s string) string { return s }
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-utf16le":
			encode = func(s string) string { return "\xff\xfe" + utf16Bytes(s, 0) }
		case "-utf16be":
			encode = func(s string) string { return "\xfe\xff" + utf16Bytes(s, 1) }
		case "-bom":
			encode = func(s string) string { return "\xef\xbb\xbf" + s }
		case "-crlf":
			encode = func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
		case "-base64":
			encode = func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) + "\n" }
		default:
			ts.Fatalf("plant: unknown encoding %q", args[0])
		}
		args = args[1:]
	}
	for _, file := range args {
		name := ts.MkAbs(file)
		content, err := os.ReadFile(name)
		ts.Check(err)
		parts := strings.Split(string(content), "@")
		for i := 1; i < len(parts)-1; i++ {
			if value := ts.Getenv(parts[i]); value != "" && strings.Trim(parts[i], upper+"_") == "" {
				parts[i-1], parts[i] = parts[i-1]+value+parts[i+1], ""
				parts = slices.Delete(parts, i, i+2)
				i--
			}
		}
		text := strings.Join(parts, "@")
		ts.Check(os.WriteFile(name, []byte(encode(text)), 0o644))
	}
}

func utf16Bytes(s string, big int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		pair := [2]byte{byte(u), byte(u >> 8)}
		b = append(b, pair[big], pair[1-big])
	}
	return string(b)
}

// cmdJSON is "json PATH WANT": the last command's standard output is one JSON
// value, and what PATH leads to in it is WANT. PATH is keys and indexes
// between dots; "#" is the number of elements.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH WANT")
	}
	var value any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &value); err != nil {
		ts.Fatalf("standard output is not JSON: %v", err)
	}
	for key := range strings.SplitSeq(args[0], ".") {
		switch v := value.(type) {
		case map[string]any:
			if key == "#" {
				value = len(v)
				continue
			}
			var ok bool
			if value, ok = v[key]; !ok {
				ts.Fatalf("no key %q in %v", key, v)
			}
		case []any:
			if key == "#" {
				value = len(v)
				continue
			}
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				ts.Fatalf("no element %q of %d", key, len(v))
			}
			value = v[i]
		default:
			ts.Fatalf("nothing below %v for %q", v, key)
		}
	}
	if got := fmt.Sprint(value); (got == args[1]) == neg {
		ts.Fatalf("%s = %s, want %s", args[0], got, args[1])
	}
}

// TestMktokenChecksum holds the helper to what GitHub publishes: the checksum
// of a body of zeros is that of CRC-32.
func TestMktokenChecksum(t *testing.T) {
	s := &secrets{rand: rand.New(rand.NewPCG(1, 2))}
	token := s.github()
	body, sum := token[4:34], token[34:]
	n := uint64(0)
	for i := range sum {
		n = n*62 + uint64(strings.IndexByte(base62, sum[i]))
	}
	if len(token) != 40 || uint32(n) != crc32.ChecksumIEEE([]byte(body)) {
		t.Errorf("the checksum of a token of %d characters is %d, want %d", len(token), n, crc32.ChecksumIEEE([]byte(body)))
	}
}

// gitEnv returns an environment for git that does not depend on the machine.
func gitEnv(t *testing.T) []string {
	t.Helper()
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + t.TempDir(),
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A U Thor", "GIT_AUTHOR_EMAIL=author@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=C O Mitter", "GIT_COMMITTER_EMAIL=committer@example.com", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
	}
	if runtime.GOOS == "windows" {
		env = append(env, "SystemRoot="+os.Getenv("SystemRoot"))
	}
	return env
}
