// Package pack reads the objects of a git repository, all of them, at the
// speed of its packfiles: a [Store] numbers every object that is in a folder of
// objects (packs, loose objects, alternates), and [Walk] resolves many of them,
// each once, along the deltas that git stored them as.
//
//	s, err := pack.Open(filepath.Join(gitDir, "objects"), pack.Options{})
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	err = pack.Walk(ctx, s, pack.WalkOptions{Types: []pack.Type{pack.Blob}},
//		func(worker int, o *pack.Object, base *state) *state {
//			... // o.Data is the blob, o.Ops says which bytes of it o.Base has not
//		})
//
// A pack holds most objects as deltas: "copy these bytes of that other object,
// insert those". What is new in a version of a file has been found out by git
// when it packed, and Walk hands it on: o.Ops. The formats are those of git's
// gitformat-pack(5) (packs, idx files, multi-pack-index) and
// gitrepository-layout(5) (loose objects, alternates).
//
// # Promises
//
// What was not read is an [Error] that names file, offset and object: a damaged
// entry and every object that builds upon it, a pack that is cut off, one
// without an index. Everything else is read. Content is proved, by the CRC-32 of
// the pack's index or, where there is none to trust, by the object's id. Where
// one copy of an object is damaged and there is another, that one is read.
//
// Whatever the files hold, nothing panics, and nothing takes more memory than
// [WalkOptions] grants. Nothing is written anywhere.
//
// # Known tradeoffs
//
// The checksum over a whole pack is compared with the one that the index names,
// not computed: each entry that is read has been proved by its CRC-32, and those
// are proved by the checksum of the index, which is computed. To compute it would
// take a twelfth of the time of a walk (69 ms for curl's 130 MB), to find nothing
// more.
//
// That an entry is the object that the index names is believed if its CRC-32 is
// right, as git believes it.
//
// A few bytes of instructions can copy a large object, again and again: how long
// a Walk of a hostile pack takes is bounded by its context alone.
//
// A Store is the state of the folder when it was opened: what git writes later
// is not in it, and what git removes later (a loose object that has been packed
// meanwhile) is an Error. Mapped packs stay readable when git deletes them.
package pack
