package rules_test

import (
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestWeak holds where weak passwords are reported, because they take effect,
// and what only stands where a password or a token could.
func TestWeak(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	random, err := rules.Expand("<base62:20>7a<base62:18>", 1)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, content string
		want                bool
	}{
		{"command of a build", "Dockerfile", "RUN openssl genrsa -aes256 -passout pass:" + "foobar -out ca.pem 4096\n", true},
		{"statement in a CI file", ".travis.yml", "- mysql -uroot -e 'CREATE USER app IDENTIFIED BY \"" + "secret\"'\n", true},
		{"beside a service", "app.yml", "datasource:\n  password: " + "root\n  url: jdbc:postgresql://db/app\n", true},
		{"beside a user, in configuration of a test", "test/server.conf", "user: leaf\npassword: " + "top_secret\n", true},
		{"random, in a test", "test/test_api.py", "api_token = \"" + random + "\"\n", true},
		{"random, in a test of Go", "api_test.go", "\ttoken := \"" + random + "\"\n", true},
		{"word beside a user, in a test", "test/test_client.py", "connect(username=\"slowdive\", password=\"" + "televised\")\n", true},
		{"field of an object, in a test", "server_test.go", "\to.Username = \"carol\"\n\to.Password = \"" + "quseeglol\"\n", true},
		{"placeholder and a number, in a test", "spec/user_spec.rb", "create(:user, password: \"" + "password123\")\n", false},
		{"placeholder and a number, in configuration", "app.yml", "db:\n  user: app\n  password: " + "password123\n", true},
		{"resource", "app.yml", "secret: kv-prod-secret\n", false},
		{"resource with a password", "app.yml", "password_secret: prod-db-password\n", false},
		{"session of an interpreter", "guide.md", "irb> person.password = \"aditya\"\n", false},
		{"session of a console", "guide.md", "shop(dev)> User.new(password: \"s3cr3t\")\n", false},
		{"what a call returns", "a.rb", "#   user.authenticate_password(\"nohack4u\") # => user\n", false},
		{"name of a variable", "a.go", "\tc.password = password\n", false},
		{"option", "a.py", "if self.update_password == 'always':\n", false},
		{"option in configuration", "user.yml", "update_password: on_create\n", false},
		{"command that gives a password", "a.ps1", "$password = Get-Secret -Name a\n", false},
		{"variable of a template", "a.ini", "password: @DB_PASSWORD\n", false},
		{"word of a parser", "conf.c", "if(!strcmp(token, \"log_timestamp\")) {\n", false},
		{"badge", "README.md", "[![c](https://codecov.io/gh/a/b/graph/badge.svg?token=HP3K4Y4ctu)]\n", false},
		{"object", "a.py", "spec = {'password': {'no_log': True}}\n", false},
		{"number", "flags.h", "POLICY_CREATE_SECRET = 0x00000020\n", false},
		{"punctuation", "a_test.rb", "password = '!@#$%^&*()'\n", false},
		{"host that stands for one", "config.rst", "backend = 'redis://:password@hostname:6379/0'\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := false
			for _, m := range set.Match(tt.path, []byte(tt.content)) {
				found = found || m.Confidence >= rules.ConfidenceMedium
			}
			if found != tt.want {
				t.Errorf("Match(%q, %q): found %v, want %v", tt.path, tt.content, found, tt.want)
			}
		})
	}
}
