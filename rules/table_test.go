package rules_test

import (
	"slices"
	"testing"
)

// TestTables holds what is read below the head of a column, and behind the columns
// of an INSERT.
func TestTables(t *testing.T) {
	set := mustCompile(t, generic)
	const (
		one = "hafen" + "lantern47"
		two = "Zk4-" + "tulip.99"
	)
	for _, tt := range []struct {
		name, path, text string
		want             []string
	}{
		{"commas", "users.csv", "user,password\nalice," + one + "\nbob," + two + "\n", []string{one, two}},
		{"semicolons, in the middle", "users.csv", "id;password;role\r\n1;" + one + ";admin\r\n2;" + two + ";dev\r\n", []string{one, two}},
		{"tabs, no line break at the end", "users.tsv", "password\tname\n" + one + "\tAlice", []string{one}},
		{"quotes", "users.csv", "\"user\",\"password\"\n\"Doe, John\",\"" + one + "\"\n", []string{one}},
		{"behind a comment", "users.csv", "# from the old server\nuser,password\nalice," + one + "\n", []string{one}},
		{"nothing in it", "users.csv", "user,password\nalice,\nbob,********\n", nil},
		{"a row of another length", "users.csv", "user,password\nalice,a,b\nbob," + one + "\n", nil},
		{"in the middle of the table", "texts.csv", "key,en,de\npassword,Password,Passwort\nuser," + one + "," + two + "\n", nil},
		{"another column", "users.csv", "user,password_hint\nalice," + one + "\n", nil},
		{"no table", "users.txt", "user,password\nalice," + one + "\n", nil},
		{"insert", "a.sql", "INSERT INTO users (name, password) VALUES ('alice', '" + one + "'), ('bob', '" + two + "');\n", []string{one, two}},
		{"insert, other quotes", "a.sql", "insert into `users` (`id`, `password`, `at`) values\n  (1, '" + one + "', now()),\n  (2, NULL, now());\n", []string{one}},
		{"insert, in code", "a.py", "db.execute(\"INSERT INTO users (password, name) VALUES ('" + one + "', 'it''s me')\")\n", []string{one}},
		{"insert of arguments", "a.go", "db.Exec(\"INSERT INTO users (name, password) VALUES (?, ?)\", \"alice\", x)\n", nil},
		{"call", "a.py", "insert(name, password)\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range set.Match(tt.path, []byte(tt.text)) {
				got = append(got, tt.text[m.SecretStart:m.SecretEnd])
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Match(%q, %q) = %q, want %q", tt.path, tt.text, got, tt.want)
			}
		})
	}
}
