package git

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// HistoryCache says where it is remembered which objects were scanned and had
// nothing in them, so that the next scan need not read them.
//
// An object with anything in it is not remembered: a secret, one that a comment
// allows, a part that could not be read, content that is elsewhere. So the cache
// holds no secret and no hash of one; and no path. What it says of an object
// holds for paths that the rules judge alike, and for one repository, one set of
// rules and options, and one version of the program.
type HistoryCache struct {
	// Dir is the folder. It is made if it is not there. One that another user
	// owns, or that others can write to, is refused.
	Dir string
	// Engine names the version of the program: another one has to scan anew.
	Engine string
}

// A cacheFile is the file in which a repository's objects are remembered:
//
//	8 bytes   cacheMagic, with the version of the format
//	1 byte    the length of an id
//	32 bytes  which repository: the hash of the path of its object store
//	32 bytes  by what the objects were scanned: the hash of rules, options, program
//	8 bytes   the number of entries, big-endian
//	          the entries: an id, and the classHash of the paths that it was
//	          scanned for; ascending by id
//	32 bytes  SHA-256 of all that
//
// There is one file for each repository, and not one for each set of rules: it
// is replaced when they change, and nothing is left behind that nobody reads. And
// it is not one for all repositories: what it says of an id is true if the object
// of that id was what its id says, and that is the word of the repository.
type cacheFile struct {
	path     string
	store    [sha256.Size]byte
	hashSize int
	data     []byte // that was read; nil: there was none
	unread   error  // why it could not be read
}

const (
	cacheMagic  = "corkseen" // and one byte, cacheFormat
	cacheFormat = 1
	cacheHeader = len(cacheMagic) + 2 + 2*sha256.Size + 8
	classSize   = 8 // bytes of a classHash
)

// A classHash stands for an object's type and the distinct classes of its paths.
type classHash [classSize]byte

func hashClasses(t pack.Type, classes []string) (c classHash) {
	slices.Sort(classes)
	h := sha256.New()
	h.Write([]byte{byte(t)})
	for _, class := range slices.Compact(classes) {
		h.Write(binary.AppendUvarint(nil, uint64(len(class))))
		h.Write([]byte(class))
	}
	return classHash(h.Sum(nil))
}

// openCache reads what there is, and refuses what somebody else could have
// written.
func openCache(opts HistoryCache, at *objectsAt) (*cacheFile, error) {
	c := &cacheFile{store: sha256.Sum256([]byte(at.dir)), hashSize: at.hashSize}
	dir, err := filepath.EvalSymlinks(opts.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir = opts.Dir // to be made
	case err != nil:
		return nil, scanner.WithHint(fmt.Errorf("open the cache %q: %w", opts.Dir, bare(err)), "give --cache a folder")
	default:
		if err := guard(dir, true); err != nil {
			return nil, err
		}
	}
	c.path = filepath.Join(dir, "history-"+hex.EncodeToString(c.store[:16])+".cache")
	err = guard(c.path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	} else if err != nil {
		return nil, err
	}
	c.data, c.unread = os.ReadFile(c.path)
	return c, nil
}

// guard returns an error if the file or folder is not one that only this user
// can have written.
func guard(path string, dir bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("open the cache %q: %w", path, bare(err))
	}
	switch {
	case dir && !info.IsDir():
		return scanner.WithHint(fmt.Errorf("the cache %q is not a folder", path), "give --cache a folder")
	case !dir && !info.Mode().IsRegular():
		return scanner.WithHint(fmt.Errorf("%q in the cache is not a file", path), "remove it, and scan again")
	}
	if own, err := ownedByUser(nil, path); err != nil {
		return fmt.Errorf("find the owner of %q: %w", path, bare(err))
	} else if !own {
		return scanner.WithHint(fmt.Errorf("the cache %q belongs to another user, who could have written anything into it", path),
			"give --cache a folder of your own")
	}
	if writableByOthers(info) {
		return scanner.WithHint(fmt.Errorf("others can write to the cache %q: it could say of anything that it was scanned", path),
			fmt.Sprintf("remove it, or if nobody has meddled with it: chmod go-w %q", path))
	}
	return nil
}

// bare returns the cause of an error about a path that the message around it
// names already.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Why a cache is not used.
var (
	errDamaged = errors.New("damaged: it is not as it was written")
	errFormat  = errors.New("stale: another version of cork wrote it")
	errForeign = errors.New("foreign: it is that of another repository")
	errStale   = errors.New("stale: the rules, the options or the version of cork were others")
)

// entries returns the entries of what was read, for a scan by what digest says.
func (c *cacheFile) entries(digest [sha256.Size]byte) ([]byte, error) {
	data := c.data
	switch {
	case c.unread != nil:
		return nil, fmt.Errorf("read it: %w", bare(c.unread))
	case data == nil:
		return nil, nil
	case len(data) > len(cacheMagic) && string(data[:len(cacheMagic)]) == cacheMagic && data[len(cacheMagic)] != cacheFormat && sealed(data):
		return nil, errFormat
	case len(data) < cacheHeader+sha256.Size || string(data[:len(cacheMagic)]) != cacheMagic || data[len(cacheMagic)] != cacheFormat || !sealed(data):
		return nil, errDamaged
	}
	hashSize := int(data[len(cacheMagic)+1])
	head := data[len(cacheMagic)+2:]
	if !bytes.Equal(head[:sha256.Size], c.store[:]) || hashSize != c.hashSize {
		return nil, errForeign
	}
	head = head[sha256.Size:]
	if !bytes.Equal(head[:sha256.Size], digest[:]) {
		return nil, errStale
	}
	n := binary.BigEndian.Uint64(head[sha256.Size:])
	entries := data[cacheHeader : len(data)-sha256.Size]
	size := hashSize + classSize
	if len(entries)%size != 0 || n != uint64(len(entries)/size) {
		return nil, errDamaged
	}
	for at := size; at < len(entries); at += size {
		if bytes.Compare(entries[at-size:at-classSize], entries[at:at+hashSize]) >= 0 {
			return nil, errDamaged
		}
	}
	return entries, nil
}

// sealed reports whether data ends with the hash of what comes before.
func sealed(data []byte) bool {
	if len(data) < sha256.Size {
		return false
	}
	end := len(data) - sha256.Size
	sum := sha256.Sum256(data[:end])
	return bytes.Equal(data[end:], sum[:])
}

// encode returns the file with these entries.
func (c *cacheFile) encode(digest [sha256.Size]byte, entries []byte) []byte {
	data := make([]byte, 0, cacheHeader+len(entries)+sha256.Size)
	data = append(data, cacheMagic...)
	data = append(data, cacheFormat, byte(c.hashSize))
	data = append(data, c.store[:]...)
	data = append(data, digest[:]...)
	data = binary.BigEndian.AppendUint64(data, uint64(len(entries)/(c.hashSize+classSize)))
	data = append(data, entries...)
	sum := sha256.Sum256(data)
	return append(data, sum[:]...)
}

// write replaces the file, unless it is like that already. Of several processes
// the last one wins.
func (c *cacheFile) write(data []byte) (err error) {
	if bytes.Equal(data, c.data) {
		return nil
	}
	dir := filepath.Dir(c.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return bare(err)
	}
	f, err := os.CreateTemp(dir, filepath.Base(c.path)+".*.tmp") // mode 0600
	if err != nil {
		return bare(err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = cmp.Or(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), c.path)
	}
	if err != nil {
		os.Remove(f.Name())
		if link := (*os.LinkError)(nil); errors.As(err, &link) {
			err = link.Err
		}
		return bare(err)
	}
	return nil
}

// An objectCache is the memory of one scan.
type objectCache struct {
	file   *cacheFile
	digest [sha256.Size]byte

	old   []classHash // by Num: what was read
	has   bits        // of old: there is one
	known bits        // objects that need not be scanned
}

// bits is a set of objects.
type bits []uint64

func newBits(n int) bits           { return make(bits, n/64+1) }
func (b bits) has(n pack.Num) bool { return b[n/64]>>(n%64)&1 != 0 }
func (b bits) add(n pack.Num)      { b[n/64] |= 1 << (n % 64) }

// quiet is an object that was scanned and had nothing in it.
type quiet struct {
	object pack.Num
	class  classHash
}

// recall finds out which objects in scope need not be scanned.
func (a *audit) recall(ctx context.Context) error {
	if a.h.cache == nil {
		return nil
	}
	c := &objectCache{file: a.h.cache}
	of := a.s.Digest()
	c.digest = sha256.Sum256(fmt.Appendf(nil, "%x %q", of, a.h.opts.Cache.Engine))
	a.cache = c
	n := a.store.Len()
	c.old, c.has = make([]classHash, n), newBits(n)
	entries, err := c.file.entries(c.digest)
	if err != nil {
		a.h.notes = append(a.h.notes, fmt.Sprintf("the cache was not used, so everything was scanned: %v", err))
	}
	at := pack.Num(0) // both are sorted by id
	for size := c.file.hashSize + classSize; len(entries) > 0; entries = entries[size:] {
		id := entries[:c.file.hashSize]
		for int(at) < n && bytes.Compare(a.store.ID(at), id) < 0 {
			at++
		}
		if int(at) < n && bytes.Equal(a.store.ID(at), id) {
			c.old[at] = classHash(entries[c.file.hashSize:])
			c.has.add(at)
		}
	}
	types, wanted := a.scope()
	const chunk = 64 * 64 // whole words of the set
	parts := make(chan int)
	counts := make([]int, len(a.readers))
	known := newBits(n)
	var wg sync.WaitGroup
	for worker, r := range a.readers {
		wg.Go(func() {
			for from := range parts {
				for i := from; i < min(from+chunk, n); i++ {
					n := pack.Num(i)
					if c.has.has(n) && (wanted == nil || wanted(n)) && slices.Contains(types, a.store.Type(n)) && r.knows(n) {
						known.add(n)
						counts[worker]++
					}
				}
			}
		})
	}
	for from := 0; from < n && ctx.Err() == nil; from += chunk {
		parts <- from
	}
	close(parts)
	wg.Wait()
	c.known = known
	for _, n := range counts {
		a.sum.Cached += n
	}
	return ctx.Err()
}

// knows reports whether an object need not be scanned: nothing was in it when it
// was scanned for paths of the same classes, and none of its paths is of interest
// by itself.
func (r *auditor) knows(n pack.Num) bool {
	a := r.a
	if a.graph.Truncated(n) {
		return false
	}
	paths := a.pathsOf(n, a.store.Type(n))
	if slices.ContainsFunc(paths, func(path string) bool { return len(a.flagged[path]) > 0 }) {
		return false
	}
	classes := make([]string, 0, 8)
	for _, path := range r.oneOfEach(paths) {
		classes = append(classes, r.class(path))
	}
	return hashClasses(a.store.Type(n), classes) == a.cache.old[n]
}

// remember notes an object that was scanned at so many classes of paths, if there
// was nothing in it. What was scanned in another way is not remembered, where now
// is nil: what is in an archive is judged by paths of its own, of which the
// classes of the archive's say nothing.
func (r *auditor) remember(n pack.Num, now known, classes int) {
	if r.a.cache == nil || r.loud || len(now) == 0 || len(now) != classes || r.a.graph.Truncated(n) {
		return
	}
	of := make([]string, 0, 8)
	for i := range now {
		of = append(of, now[i].class)
	}
	r.quiet = append(r.quiet, quiet{n, hashClasses(r.a.store.Type(n), of)})
}

// remember writes which objects had nothing in them, and keeps what was known of
// others that are there: it still holds, for paths of the classes that they had.
func (a *audit) remember(ctx context.Context) {
	c := a.cache
	if c == nil || ctx.Err() != nil {
		return
	}
	for _, r := range a.readers {
		for _, q := range r.quiet {
			c.old[q.object] = q.class
			c.has.add(q.object)
		}
		r.quiet = nil
	}
	var entries []byte
	for n := range pack.Num(a.store.Len()) {
		if c.has.has(n) {
			entries = append(append(entries, a.store.ID(n)...), c.old[n][:]...)
		}
	}
	if err := c.file.write(c.file.encode(c.digest, entries)); err != nil {
		a.h.notes = append(a.h.notes, fmt.Sprintf("the cache was not written, so the next scan cannot use it: %q: %v", filepath.Dir(c.file.path), err))
	}
}
