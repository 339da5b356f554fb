package rules_test

import (
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// generic are rules that judge by name and shape alone, for tests of the
// assignment parser.
var generic = []rules.Rule{
	{
		ID: "password", Description: "password", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Keys:     `(^|_)(password|passwd|pwd|pass|passphrase|pw)$`,
		Keywords: []string{"passw", "pwd", "pass", "_pw"}, Shape: "password",
	},
	{
		ID: "key", Description: "API key", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Keys:     `(^|_)(api_?key|access_?key|secret(_?key)?|token|auth_?token|signing_?key|identified_by)$`,
		Keywords: []string{"key", "secret", "token"}, Shape: "key",
	},
}

// TestAssignments reads the same secrets out of many languages, and nothing
// out of what only looks like them.
func TestAssignments(t *testing.T) {
	set := mustCompile(t, generic)
	const (
		pw  = "hunter" + "42x"
		key = "f3K9" + "aZ81mQx7" + "Lw02Bv"
	)
	for _, tt := range []struct {
		path, text, want string // want: the secret, "" for none
	}{
		{"a.yml", "password: " + pw, pw},
		{"a.yml", "password: " + pw + "   # the old one\n", pw},
		{"a.yml", "  db_password: \"" + pw + "\"\n", pw},
		{"a.yml", "dbPassword: '" + pw + "'\n", pw},
		{"a.yml", "{user: a, password: " + pw + "}", pw},
		{"a.yml", "{user: a, password: " + pw + ", x: 1}", pw},
		{"a.yml", "password: &pw " + pw + "\n", pw},
		{"a.yml", "password: !!str " + pw + "\n", pw},
		{"a.yml", "password: |\n  " + pw + "\n", pw},
		{"a.yml", "- name: DB_PASSWORD\n  value: " + pw + "\n", pw},
		{"a.yml", "- name: DB_PASSWORD\n  value: \"" + pw + "\"\n", pw},
		{"a.json", `{"password": "` + pw + `"}`, pw},
		{"a.json", `{"name":"API_KEY","value":"` + key + `"}`, key},
		{"a.json", `{"ParameterKey": "DbPassword", "ParameterValue": "` + pw + `"}`, pw},
		{"a.json", `"{\"password\": \"` + pw + `\"}"`, pw},
		{"a.toml", `password = "` + pw + `"`, pw},
		{"a.ini", "password = " + pw + " ; old\n", pw},
		{"a.properties", "db.password=" + pw + "\n", pw},
		{".env", "DB_PASSWORD=" + pw + "\n", pw},
		{".env", "export DB_PASSWORD='" + pw + "'\n", pw},
		{"a.properties", "mysql.password=qSmVll" + "NYInJp\n", "qSmVll" + "NYInJp"},
		{".env", "API_KEY=" + "9f3bad81c0e" + "47a25d6f1\n", "9f3bad81c0e" + "47a25d6f1"},
		{".env", "DB_PASSWORD_PROD=" + pw + "\n", pw},
		{".env", "API_KEY_2_LIVE=" + key + "\n", key},
		{"a.xml", "<password>" + pw + "</password>", pw},
		{"a.xml", "<password><![CDATA[" + pw + "]]></password>", pw},
		{"a.xml", `<property name="password" value="` + pw + `"/>`, pw},
		{"a.xml", `<add key="ApiKey" value="` + key + `"/>`, key},
		{"a.xml", `<string name="api_key">` + key + `</string>`, key},
		{"a.xml", `<user name="a" password="` + pw + `"/>`, pw},
		{"a.html", `x(&quot;password&quot;:&quot;` + pw + `&quot;)`, pw},
		{"a.plist", "<key>Token</key>\n<string>" + key + "</string>", key},
		{"Dockerfile", "ENV DB_PASSWORD " + pw + "\n", pw},
		{"Dockerfile", "ENV DB_PASSWORD=" + pw + " OTHER=1\n", pw},
		{"a.sh", "mysql --user=x --password=" + pw + " db", pw},
		{"a.sh", "tool --password " + pw + " db", pw},
		{"a.sh", `tool --api-key "` + key + `" db`, key},
		{"a.sh", "DB_PASSWORD=" + pw + " ./run --fast\n", pw},
		{"a.sh", "java -Dpassword=" + pw + " -jar x", pw},
		{"a.tf", `password = "` + pw + `"`, pw},
		{"a.sql", "ALTER USER x PASSWORD '" + pw + "';", pw},
		{".netrc", "machine example.com login me password " + pw + "\n", pw},
		{".netrc", "machine example.com\nlogin me\npassword " + pw + "\n", pw},
		{"a.py", `password = "` + pw + `"`, pw},
		{"a.py", `PASSWORD: str = "` + pw + `"`, pw},
		{"a.py", `self.password = '` + pw + `'`, pw},
		{"a.py", `token: Optional[str] = "` + key + `"`, key},
		{"a.py", `connect(host, password="` + pw + `")`, pw},
		{"a.py", `config['password'] = "` + pw + `"`, pw},
		{"a.py", `os.environ["DB_PASSWORD"] = "` + pw + `"`, pw},
		{"a.py", `password = os.getenv("DB_PASSWORD", "` + pw + `")`, pw},
		{"a.py", `password = os.environ.get("DB_PW") or "` + pw + `"`, pw},
		{"a.py", `if password == "` + pw + `":`, pw},
		{"a.py", `password = r"` + pw + `"`, pw},
		{"a.py", `password = """` + pw + `"""`, pw},
		{"a.js", "const apiKey = '" + key + "';", key},
		{"a.js", "const apiKey = `" + key + "`;", key},
		{"a.js", "apiKey: process.env.API_KEY || '" + key + "',", key},
		{"a.ts", `private password?: string = "` + pw + `";`, pw},
		{"a.ts", `password: string = '` + pw + `';`, pw},
		{"a.go", `password := "` + pw + `"`, pw},
		{"a.go", `const password string = "` + pw + `"`, pw},
		{"a.go", `Password: "` + pw + `",`, pw},
		{"a.go", `os.Setenv("DB_PASSWORD", "` + pw + `")`, pw},
		{"a.java", `private static final String PASSWORD = "` + pw + `";`, pw},
		{"a.java", `ds.setPassword("` + pw + `");`, pw},
		{"a.java", `"Server=h;User ID=u;Password=` + pw + `;"`, pw},
		{"a.c", `#define PASSWORD "` + pw + `"`, pw},
		{"a.c", `char password[] = "` + pw + `";`, pw},
		{"a.c", `const char *password = "` + pw + `";`, pw},
		{"a.cs", `string pwd = @"` + pw + `";`, pw},
		{"a.php", `$password = '` + pw + `';`, pw},
		{"a.php", `'password' => '` + pw + `',`, pw},
		{"a.php", `define('DB_PASSWORD', '` + pw + `');`, pw},
		{"a.rb", `:password => '` + pw + `'`, pw},
		{"a.rb", `password: '` + pw + `'`, pw},
		{"a.rs", `let token: &str = "` + key + `";`, key},
		{"a.r", `pass <- "` + pw + `"`, pw},
		{"a.ps1", `$env:DB_PASSWORD = "` + pw + `"`, pw},
		{"a.txt", "https://example.com/x?user=me&token=" + key + "&x=1", key},
		{"a.txt", `curl -H "X-Auth-Token: ` + key + `"`, key},
		{"a.txt", `Token: Bearer ` + key + "\n", key},
		{"a.txt", `token = "Bearer ` + key + `"`, key},

		// Syntaxes that other rules have no examples of.
		{"a.fish", "set -gx DB_PASSWORD " + pw + "\n", pw},
		{"a.fish", "set -l status db_password " + pw + "\n", ""},
		{"a.clj", `{:user "a" :password "` + pw + `"}`, pw},
		{"a.erl", `{password, "` + pw + `"},`, pw},
		{"a.js", `{password, "` + pw + `", x}`, ""},
		{"a.sql", "ALTER LOGIN x WITH PASSWORD N'" + pw + "';", pw},
		{"a.kt", `val password = System.getenv("PW") ?: "` + pw + `"`, pw},
		{"a.py", `add_argument("--password", default="` + pw + `")`, pw},
		{"a.py", `run("--password ", "` + pw + `")`, ""},
		{"a.js", `page.fill("#password", "` + pw + `")`, pw},
		{"a.js", `get("#password").type("` + pw + `")`, pw},
		{"a.js", `get("#password").type("` + pw + `", field)`, ""},
		{"a.kts", `buildConfigField("String", "DB_PASSWORD", "` + pw + `")`, pw},
		{"a.kts", `fields("a", "DB_PASSWORD", "` + pw + `")`, ""},
		{"a.xml", `<property name="password"><value>` + pw + `</value>`, pw},
		{"a.xml", "<AdminPassword>\n<Value>" + pw + "</Value>", pw},
		{"a.json", `{"password": {"value": "` + pw + `"}}`, pw},
		{"a.json", `{"password": {"title": "` + pw + `"}}`, ""},
		{"a.yml", "DbPassword:\n  Type: String\n  Default: " + pw + "\n", pw},
		{"a.yml", "DbPassword:\n  Type: String\nDbUser:\n  Default: " + pw + "\n", ""},
		{"a.yml", "password: ${DB_PASSWORD:?not" + "42set}", ""},

		// What only stands for a secret.
		{"a.kts", `buildConfigField("String", "DB_PASSWORD", "\"\"")`, ""},
		{"a.kts", `buildConfigField("String", "DB_PASSWORD", "\"string\"")`, ""},
		{"a.yml", "password: '•••••••'", ""},
		{"a.yml", "db:\n  user: app\n  password: redacted\n", ""},
		{"a.env", "SECRET=insert-token-here\n", ""},
		{"a.env", "DB_PASSWORD=not-a-real-password\n", ""},
		{"a.env", "DB_PASSWORD=app-credentials\n", ""},
		{"a.env", "SECRET=AKIA" + "IOSFODNN7EXAMPLE\n", ""},
		{"a.yml", "existing-secret: " + pw + "\n", ""},
		{"de.json", `{"login":{"password":"Passwort","x":{"password":"Passwort wiederholen"}}}`, ""},
		{"messages_pt-br.properties", "login.password=Sua senha nova\n", ""},

		{"a.c", `puts("--pass-file is required if --password used.\n");`, ""},
		{"a.rst", "api_key = " + key[:6] + "..." + key[6:9], ""},
		{"a.py", `password = "{bcrypt}$2a$10$` + key + key + `"`, ""},

		{"a.php", "'password' => env('DB_PASSWORD'),\n'sslmode' => env('DB_SSLMODE'),", ""},
		{"a.php", "'password' => env('DB_PASSWORD', '" + pw + "'),", pw},
		{"a.go", "secret := &client.Secret{\n\tName: name,\n}", ""},
		{"a.go", "secret.Value = *in.Value9\n", ""},
		{"a.txt", "text. secret := &client.Secret{ was taken", ""},
		{"a.md", "token = Some::Token9{}", ""},
		{"a.go", "password = c.String(\"my-passwd-flag\")", ""},
		{"a.yml", "password:\n  from-secret: docker_" + pw + "\n", ""},
		{"a.c", `}else if(!strcmp(token, "bridge_ciphers_tls1.3")){`, ""},
		{"a.c", `if(!strcmp(token, "` + key + `")){`, key},
		{"messages_de.properties", "login.password=Ung\\u00FCltige Anmeldung\n", ""},
		{"a.py", "password = 'credentials/'", ""},

		// What people and frameworks choose.
		{"a.py", `password = "turtle` + `-montagne-monkey-soleil"`, "turtle" + "-montagne-monkey-soleil"},
		{"a.py", `password = "login-form-submit-button"`, ""},
		{"settings.py", `SECRET_KEY = "sc-dy87%s6q_dngz` + `gm(rxnn*u#0n4b&%e15n0ol0+988_e79ah"`, "sc-dy87%s6q_dngz" + "gm(rxnn*u#0n4b&%e15n0ol0+988_e79ah"},
		{"settings.py", `SECRET_KEY = "%s-%d-{}"`, ""},

		// The security guide's lines.
		{"config.yaml", "api_key: sk-" + "proj-abc123  # NEVER hardcode secrets!\n", "sk-" + "proj-abc123"},
		{"config.yaml", "password: " + "mypassword" + "123   # NEVER!\n", "mypassword" + "123"},
		{".env", `export DB_PASSWORD="` + "secure-" + `password"`, "secure-" + "password"},
		{"config.yaml", "api_key: ${API_KEY}      # Use environment variables\npassword: ${DB_PASSWORD}\n", ""},
		{"a.py", "api_key = os.getenv('API_KEY')\ndb_password = os.getenv('DB_PASSWORD')\n", ""},
		{"a.py", "secret = sm.get_secret('prod/api-key')\napi_key = secret['token']\n", ""},
		{"README.md", "vault kv put secret/prod/api-key token=<token-id>\nvault token revoke <token-id>", ""},

		// References, placeholders, names, texts.
		{"a.yml", "password: $DB_PASSWORD", ""},
		{"a.yml", "password: {{ .Values.password }}", ""},
		{"a.yml", `password: "{{ vault_db_password }}"`, ""},
		{"a.yml", "password: <your password>", ""},
		{"a.yml", "password: <changeme>", ""},
		{"a.yml", "password: your-password", ""},
		{"a.yml", "password: \"********\"", ""},
		{"a.yml", "password: xxxxxxxx", ""},
		{"a.yml", "password: !Ref DbPassword", ""},
		{"a.yml", "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n", ""},
		{"a.yml", "password: ENC[AES256_GCM,data:abc123=,type:str]", ""},
		{"a.yml", "password: true", ""},
		{"a.yml", "password:\n  min: 8\n", ""},
		{"a.yml", "password: /run/secrets/db", ""},
		{"a.yml", "token: ${{ secrets.GITHUB_TOKEN }}", ""},
		{"a.yml", "api_key: your-api-key-here", ""},
		{"a.yml", "password_file: /etc/x9z8k7", ""},
		{"a.yml", "secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-a1b2c3", ""},
		{"a.go", "password := os.Getenv(\"DB_PASSWORD\")", ""},
		{"a.go", "cfg.Password = other.Password2", ""},
		{"a.go", "password := readPassword1()", ""},
		{"a.js", "password: req.body.password1,", ""},
		{"a.js", "token = generateToken(user, 42)", ""},
		{"a.py", "password = getpass.getpass('Password: ')", ""},
		{"a.py", "password = None", ""},
		{"a.py", "def login(user, password):\n    return password", ""},
		{"a.java", `String password = request.getParameter("password");`, ""},
		{"a.java", `private String token = "accessToken";`, ""},
		{"a.html", `<input type="password" name="password" placeholder="Password">`, ""},
		{"a.html", `<label for="password">Password</label>`, ""},
		{"en.yml", "password: Enter your password", ""},
		{"a.txt", "The password: it must have eight characters.", ""},
		{"a.yml", "image: example@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", ""},
		{"a.json", `"integrity": "sha512-` + "abcdefghij" + `=="`, ""},
		{"a.env", "AWS_KEY=AKIAIOSFODNN7EXAMPLE", ""},
		{"a.yml", "api_key: \"\"", ""},
		{"a.yml", "token: 'abc'", ""},
		{"a.c", "token = *p++;", ""},
		{"a.sh", "token=$(cat /tmp/token)", ""},
		{"a.sh", "token=`cat /tmp/token1`", ""},
		{"a.sh", "PASSWORD=%DB_PASSWORD%", ""},
		{"a.js", `x={passwordLabel:"Password:",rememberMe4:"Remember me:"}`, ""},
		{"a.js", `x={"password":"` + pw + `"}`, pw},
		{"a.js", `x={'a': "it's", "password":"` + pw + `"}`, pw},
		{"a.pl", `$cred = { password => \$smtp_authpass }`, ""},
		{"a.pl", `"password=/$file_pwd"`, ""},
		{"a.rb", `password = "INGRESS_PASSWORD"`, ""},
		{"a.yml", "admin:\n  password: hafen." + "lantern47\n", "hafen." + "lantern47"},
		{"a.yml", "password: vault.password1\n", ""},
		{"a.yml", "password: hafen.lantern\n", ""},
		{"soap.xml", `<wsse:Password Type="PasswordText">` + pw + `</wsse:Password>`, pw},
		{"a.xml", `<password encrypted="false">` + pw + `</password>`, pw},
		{"a.html", `<Password v-if="a > b">text</Password>`, ""},
		{"a.el", `(setq erc-password "` + pw + `")`, pw},
		{"a.scm", `(define password "` + pw + `")`, pw},
		{"CMakeLists.txt", `set(DB_PASSWORD "` + pw + `")`, pw},
		{"a.applescript", `set thePassword to "` + pw + `"`, pw},
		{"a.adb", `Password : constant String := "` + pw + `";`, pw},
		{"a.cs", `driver.FindElement(By.Id("password")).SendKeys("` + pw + `");`, pw},
		{"a.swift", `app.secureTextFields["Password"].typeText("` + pw + `")`, pw},
		{"hiera.yaml", "profile::db::password: '" + pw + "'\n", pw},
		{"a.side", `{"target": "id=password", "value": "` + pw + `"}`, pw},
		{".msmtprc", "account a\nuser ops\npassword " + pw + "\n", pw},
		{"a.adoc", "Pass `--verbose` to it\n", ""},
		{"a.ts", `{ id: 4, password: "Password" }`, ""},
		{"a.go", `password := c.DefaultQuery("password", "")`, ""},
		{"a.go", `password := NewSecret("` + pw + `")`, pw},
		{"a.rb", `get "/passwords" => "cms/sites/passwords#edit"`, ""},
	} {
		got := ""
		ms := set.Match(tt.path, []byte(tt.text))
		if len(ms) > 0 {
			got = tt.text[ms[0].SecretStart:ms[0].SecretEnd]
		}
		if got != tt.want || len(ms) > 1 {
			t.Errorf("Match(%q, %q) = %d, first %q, want %q", tt.path, tt.text, len(ms), got, tt.want)
		}
	}
}

func mustCompile(t testing.TB, rs []rules.Rule) *rules.Set {
	t.Helper()
	set, err := rules.Compile(rs)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
