package rules_test

import (
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// forms are ways in which a password ({{pw}}) or a key ({{key}}) stands in a file.
// Below each path are contents of such a file.
var forms = map[string][]string{
	"config/app.yml": {
		"password: {{pw}}", "password: \"{{pw}}\"", "password: '{{pw}}' # of the database", "db:\n  user: app\n  password: {{pw}}\n",
		"- name: DB_PASSWORD\n  value: {{pw}}\n", "- name: DB_PASSWORD\n  value: \"{{pw}}\"\n", "{user: app, password: {{pw}}}", "password: &pw {{pw}}",
		"api_key: {{key}}", "token: {{key}}", "client_secret: >-\n  {{key}}\n", "secret_key_base: {{key}}", "environment:\n  - POSTGRES_PASSWORD={{pw}}\n",
		"environment:\n  POSTGRES_PASSWORD: {{pw}}\n", "command: redis-server --requirepass {{pw}}\n", "password: ${DB_PASSWORD:-{{pw}}}\n", "password: ${DB_PASSWORD:{{pw}}}\n",
		"MasterUserPassword: {{pw}}", "ansible_ssh_pass: {{pw}}", "ansible_become_pass: {{pw}}", "http_proxy: http://me:{{pw}}@proxy.example.com:3128", "smtp:\n  pass: {{pw}}\n",
		"encryption:\n  key: {{key}}\n", "jwt:\n  secret: {{key}}\n", "contraseña: {{pw}}", "пароль: \"{{pw}}\"", "wachtwoord: {{pw}}", "fernet-key: {{key}}", "slack:\n  webhook_secret: {{key}}\n",
	},
	".github/workflows/ci.yml": {
		"env:\n  DB_PASSWORD: {{pw}}\n", "        run: docker login -u app -p {{pw}} registry.example.com\n", "        run: echo {{pw}} | docker login -u app --password-stdin\n",
		"        env:\n          NPM_TOKEN: {{key}}\n", "        run: curl -H \"Authorization: Bearer {{key}}\" https://api.example.com\n", "          password: {{pw}}\n",
		"        run: PGPASSWORD={{pw}} psql -h db.example.com -U app\n", "        run: mysql -u root -p{{pw}} app < a.sql\n", "        run: sshpass -p {{pw}} ssh app@example.com\n",
	},
	"k8s/secret.yaml": {
		"kind: Secret\nstringData:\n  password: {{pw}}\n", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  DB_PASS: {{pw}}\n",
		"env:\n- name: API_TOKEN\n  value: {{key}}\n", "users:\n- name: admin\n  user:\n    token: {{key}}\n",
	},
	"conf.json": {
		`{"password": "{{pw}}"}`, `{"db": {"user": "app", "password":"{{pw}}"}}`, `{"name": "API_KEY", "value": "{{key}}"}`, `{"Key": "DbPassword", "Value": "{{pw}}"}`,
		`{"ParameterKey": "DBPassword", "ParameterValue": "{{pw}}"}`, `{"key":"token","value":"{{key}}"}`, `{"name":"Authorization","value":"Bearer {{key}}"}`,
		`"body": "{\"user\": \"app\", \"password\": \"{{pw}}\"}"`, `{"ConnectionStrings": {"Main": "Server=db.example.com;User ID=app;Password={{pw}};"}}`,
		`{"clientSecret": "{{key}}"}`, `{"accessKey": "{{key}}"}`, `{"source": ["api_key = '{{key}}'\n"]}`, `{"auths": {"r.example.com": {"auth": "{{key}}"}}}`, `{"appSettings": {"JwtSecret": "{{key}}"}}`,
	},
	"settings.toml": {"password = \"{{pw}}\"", "password = '{{pw}}'", "password = \"\"\"{{pw}}\"\"\"", "api-key = \"{{key}}\"", "[registry]\ntoken = \"{{key}}\"\n", "secret = { key = \"{{key}}\" }"},
	"app.ini":       {"password = {{pw}}", "password: {{pw}}", "password={{pw}} ; of the database", "[client]\nuser=root\npassword={{pw}}\n", "api_key = {{key}}", "smtp_pass = {{pw}}"},
	"application.properties": {
		"spring.datasource.password={{pw}}", "db.password={{pw}}", "jwt.secret={{key}}", "spring.datasource.url=jdbc:postgresql://h.example.com/db?user=app&password={{pw}}",
		"javax.net.ssl.keyStorePassword={{pw}}", "aws.secretKey={{key}}", "app.password=${APP_PASSWORD:{{pw}}}",
	},
	".env": {
		"DB_PASSWORD={{pw}}", "export DB_PASSWORD='{{pw}}'", "DB_PASSWORD=\"{{pw}}\" # comment", "API_KEY={{key}}", "JWT_SECRET={{key}}", "DATABASE_URL=postgres://app:{{pw}}@db.example.com:5432/app",
		"REDIS_URL=redis://:{{pw}}@cache.example.com:6379/0", "MAIL_PASS={{pw}}", "SECRET_KEY={{key}}", "AMQP_URL=amqps://app:{{pw}}@mq.example.com/v", "NEXT_PUBLIC_API_SECRET={{key}}", "SENTRY_AUTH_TOKEN={{key}}",
		"ADMIN_PWD={{pw}}", "MONGO_URI=mongodb+srv://app:{{pw}}@c0.example.net/db", "SMTP_PASSWORD={{pw}}", "ENCRYPTION_KEY={{key}}", "SESSION_SECRET={{key}}", "TF_VAR_db_password={{pw}}",
		"DB_PASSWORD_V2={{pw}}", "PASSWORD_DB={{pw}}", "API_KEY_V2={{key}}", "CSRF_SECRET={{key}}", "PASSWORD_PEPPER={{key}}", "AES_KEY={{key}}", "SCHLUESSEL={{key}}", "CLE_API={{key}}", "STORAGE_ACCOUNT_KEY={{key}}",
	},
	"web.config": {
		`<add key="ApiKey" value="{{key}}"/>`, `<add name="Main" connectionString="Data Source=db.example.com;Initial Catalog=a;User ID=app;Password={{pw}}" />`,
		`<identity userName="app" password="{{pw}}" />`, `<property name="password" value="{{pw}}"/>`, `<password>{{pw}}</password>`, `<entry key="password">{{pw}}</entry>`, `<add key="SmtpPassword" value="{{pw}}" />`,
		`<string name="api_key">{{key}}</string>`, "<key>apiToken</key>\n<string>{{key}}</string>", "<password><![CDATA[{{pw}}]]></password>", `<user name="app" password="{{pw}}" roles="manager"/>`,
		"<server>\n<username>app</username>\n<password>{{pw}}</password>\n</server>", `<passphrase>{{pw}}</passphrase>`,
		"<property name=\"password\"><value>{{pw}}</value></property>", "<AdministratorPassword>\n<Value>{{pw}}</Value>\n<PlainText>true</PlainText>\n</AdministratorPassword>",
	},
	"Dockerfile": {
		"ENV DB_PASSWORD={{pw}}", "ENV DB_PASSWORD {{pw}}", "ARG API_TOKEN={{key}}", "RUN curl -u app:{{pw}} https://example.com/a", "RUN echo 'root:{{pw}}' | chpasswd",
		"RUN docker build --build-arg NPM_TOKEN={{key}} .", "RUN pip install --index-url https://app:{{pw}}@pypi.example.com/simple a",
	},
	"main.tf": {
		"password = \"{{pw}}\"", "resource \"aws_db_instance\" \"a\" {\n  username = \"app\"\n  password = \"{{pw}}\"\n}", "variable \"db_password\" {\n  default = \"{{pw}}\"\n}",
		"variable \"db_password\" {\n  type      = string\n  sensitive = true\n  default   = \"{{pw}}\"\n}", "api_token = \"{{key}}\"", "client_secret = \"{{key}}\"", "master_password = \"{{pw}}\"",
	},
	"deploy.sh": {
		"export DB_PASSWORD={{pw}}", "DB_PASSWORD={{pw}} ./run", "PGPASSWORD='{{pw}}' psql", "MYSQL_PWD={{pw}} mysqldump", "mysql -uroot -p{{pw}}", "mongo -u app -p {{pw}} --host h", "redis-cli -a {{pw}} ping",
		"sqlcmd -S db -U sa -P {{pw}} -Q 'select 1'", "curl -u app:{{pw}} https://example.com", "wget --user=app --password={{pw}} https://example.com", "sshpass -p '{{pw}}' ssh app@h",
		"smbclient //h/s -U app%{{pw}}", "mount -t cifs -o username=app,password={{pw}} //h/s /mnt", "ldapsearch -D cn=app -w {{pw}}", "docker login -u app -p {{pw}}", "echo \"{{pw}}\" | docker login -u app --password-stdin",
		"helm install a --set db.password={{pw}}", "kubectl create secret generic a --from-literal=password={{pw}}", "kubectl --token={{key}} get pods", "heroku config:set API_SECRET={{key}}", "vault login {{key}}",
		"vault kv put secret/a password={{pw}}", "npm config set //r.example.com/:_authToken {{key}}", "twine upload -u app -p {{pw}} dist/*", "mvn -Ddb.password={{pw}} deploy", "java -Djavax.net.ssl.keyStorePassword={{pw}} -jar a.jar",
		"openssl rsa -passin pass:{{pw}} -in a.pem", "keytool -genkey -storepass {{pw}} -keypass {{pw}}", "jarsigner -storepass {{pw}} a.jar b", "htpasswd -b f app {{pw}}", "zip -P {{pw}} a.zip b", "7z x -p{{pw}} a.7z",
		"gpg --batch --passphrase {{pw}} -d a.gpg", "az login --service-principal -u a -p {{pw}} --tenant t", "git clone https://oauth2:{{key}}@git.example.com/a.git", "curl -H 'X-Api-Key: {{key}}' https://example.com",
		"curl -H \"Private-Token: {{key}}\" https://git.example.com", "unrar x -p{{pw}} a.rar", "svn co --username app --password {{pw}} https://svn.example.com", "psql postgres://app:{{pw}}@h/db",
		"echo 'app:{{pw}}' | chpasswd", "lftp -u app,{{pw}} ftp://h", "docker run -e MYSQL_ROOT_PASSWORD={{pw}} mysql", "PASSWORD=${PASSWORD:-{{pw}}}",
	},
	"deploy.ps1": {
		"$password = \"{{pw}}\"", "$env:DB_PASSWORD = \"{{pw}}\"", "ConvertTo-SecureString \"{{pw}}\" -AsPlainText -Force", "Connect-Thing -User app -Password {{pw}}", "cmdkey /add:h /user:app /pass:{{pw}}",
		"net use \\\\h\\s {{pw}} /user:app", "setx DB_PASSWORD {{pw}}", "[string]$Password = '{{pw}}'",
	},
	"config.fish": {"set -x DB_PASSWORD {{pw}}", "set -gx API_TOKEN {{key}}", "set -Ux DB_PASSWORD '{{pw}}'"},
	"core.clj":    {"(def db-password \"{{pw}}\")", "{:db {:user \"app\" :password \"{{pw}}\"}}", "{:api-token \"{{key}}\"}"},
	"sys.erl":     {"{password, \"{{pw}}\"},"},
	"run.bat":     {"set DB_PASSWORD={{pw}}", "SET API_KEY={{key}}", "net user app {{pw}} /add"},
	"init.sql":    {"CREATE USER app IDENTIFIED BY '{{pw}}';", "CREATE USER app WITH PASSWORD '{{pw}}';", "ALTER USER app PASSWORD '{{pw}}';", "CREATE LOGIN app WITH PASSWORD = '{{pw}}';", "CREATE LOGIN app WITH PASSWORD = N'{{pw}}';", "SET PASSWORD FOR 'app'@'h' = '{{pw}}';", "SET PASSWORD FOR 'app'@'h' = PASSWORD('{{pw}}');", "GRANT ALL ON *.* TO 'app'@'%' IDENTIFIED BY '{{pw}}';"},
	"app.py": {
		"password = '{{pw}}'", "PASSWORD: str = \"{{pw}}\"", "self.password = '{{pw}}'", "self._pw = '{{pw}}'", "api_key = f\"{{key}}\"", "password = b'{{pw}}'", "requests.get(u, auth=(\"app\", \"{{pw}}\"))", "connect(host='h', user=\"app\", password=\"{{pw}}\")",
		"if password == \"{{pw}}\":", "os.getenv(\"DB_PASSWORD\", \"{{pw}}\")", "os.environ.get('API_KEY', '{{key}}')", "os.environ['DB_PASSWORD'] = '{{pw}}'", "def f(password=\"{{pw}}\"):", "parser.add_argument('--password', default=\"{{pw}}\")", "parser.add_argument(\"--password\", default=\"{{pw}}\")",
		"driver.find_element(By.ID, \"password\").send_keys(\"{{pw}}\")", "page.get_by_label('Password').fill('{{pw}}')",
		"SECRET_KEY = '{{key}}'", "DATABASES = {'default': {'USER': 'app', 'PASSWORD': '{{pw}}'}}", "app.secret_key = \"{{key}}\"", "client = Client(api_key=\"{{key}}\")", "headers = {'Authorization': 'Bearer {{key}}'}",
		"headers = {\"X-Api-Key\": \"{{key}}\"}", "jwt.encode(payload, '{{key}}', algorithm='HS256')", "hmac.new(b'{{key}}', msg, sha256)", "engine = create_engine('postgresql://app:{{pw}}@db.example.com/app')", "server.login('app@example.net', '{{pw}}')",
		"password = config.get('password', '{{pw}}')", "ssh.connect('h', username='app', password='{{pw}}')", "r = redis.Redis(host='h', password='{{pw}}')", "token = (\n    '{{key}}'\n)", "creds = ('app', '{{pw}}')",
	},
	"app.js": {
		"const apiKey = '{{key}}'", "const aesKey = '{{key}}'", "const prodApiKeyV2 = '{{key}}'", "const motDePasse = '{{pw}}'", "const password = `{{pw}}`", "this.token = \"{{key}}\"", "process.env.DB_PASSWORD || \"{{pw}}\"", "const pw = process.env.PASSWORD ?? '{{pw}}'", "createTransport({auth: {user: 'app', pass: '{{pw}}'}})",
		"session({ secret: '{{key}}' })", "jwt.sign(payload, '{{key}}')", "crypto.createHmac('sha256', '{{key}}')", "mysql.createConnection({host: 'h', user: 'app', password: '{{pw}}'})", "if (password === '{{pw}}') {", "headers: { 'Authorization': 'Bearer {{key}}' }",
		"headers: { \"x-api-key\": \"{{key}}\" }", "let password: string = \"{{pw}}\"", "axios.get(u, { auth: { username: 'app', password: '{{pw}}' } })", "const config = { clientSecret: '{{key}}' }", "\"mongodb://app:{{pw}}@h.example.com/db\"", "authToken: \"{{key}}\",", "localStorage.setItem('token', '{{key}}')",
		"await page.fill('#password', '{{pw}}');", "await page.fill(\"#password\", \"{{pw}}\");", "cy.get('#password').type('{{pw}}')",
	},
	"App.java": {
		"private static final String PASSWORD = \"{{pw}}\";", "String apiKey = \"{{key}}\";", "props.put(\"password\", \"{{pw}}\");", "ds.setPassword(\"{{pw}}\");", "DriverManager.getConnection(url, \"app\", \"{{pw}}\");", "if (password.equals(\"{{pw}}\")) {",
		"new UsernamePasswordToken(\"app\", \"{{pw}}\")", "new PasswordAuthentication(\"app\", \"{{pw}}\".toCharArray())", "@Value(\"${db.password:{{pw}}}\")", "@WithMockUser(password = \"{{pw}}\")", ".withPassword(\"{{pw}}\")", "getProperty(\"db.password\", \"{{pw}}\")", "keyStore.load(in, \"{{pw}}\".toCharArray());",
	},
	"main.go": {
		"password := \"{{pw}}\"", "const apiKey = \"{{key}}\"", "\tPassword: \"{{pw}}\",", "var token string = \"{{key}}\"", "flag.String(\"password\", \"{{pw}}\", \"the password\")", "req.SetBasicAuth(\"app\", \"{{pw}}\")", "req.Header.Set(\"Authorization\", \"Bearer {{key}}\")", "req.Header.Set(\"X-Api-Key\", \"{{key}}\")",
		"os.Setenv(\"DB_PASSWORD\", \"{{pw}}\")", "sql.Open(\"postgres\", \"host=h user=app password={{pw}} dbname=a\")", "sql.Open(\"mysql\", \"app:{{pw}}@tcp(h:3306)/a\")", "if password != \"{{pw}}\" {", "cfg.DB.Password = \"{{pw}}\"", "jwtKey := []byte(\"{{key}}\")", "ssh.Password(\"{{pw}}\")", "os.Getenv(\"X\") + \"nats://app:{{pw}}@h.example.com\"", "opts.SetPassword(\"{{pw}}\")",
	},
	"app.rb": {
		"password = '{{pw}}'", ":password => '{{pw}}'", "password: '{{pw}}'", "ENV['DB_PASSWORD'] = '{{pw}}'", "ENV.fetch('DB_PASSWORD', '{{pw}}')", "ENV['API_KEY'] || '{{key}}'", "config.secret_key_base = '{{key}}'", "http.basic_auth 'app', '{{pw}}'", "@client = Client.new(token: '{{key}}')", "set :session_secret, '{{key}}'", "config.api_key = '{{key}}'",
	},
	"wp-config.php": {
		"define('DB_PASSWORD', '{{pw}}');", "define( 'AUTH_KEY', '{{key}}' );", "$password = '{{pw}}';", "'password' => '{{pw}}',", "$this->password = '{{pw}}';", "env('DB_PASSWORD', '{{pw}}')", "$db['default']['password'] = '{{pw}}';", "mysqli_connect('h', 'app', '{{pw}}', 'a');", "new PDO($dsn, 'app', '{{pw}}');", "$cfg->token = \"{{key}}\";", "public $password = '{{pw}}';",
	},
	"main.c": {
		"#define PASSWORD \"{{pw}}\"", "const char *password = \"{{pw}}\";", "char api_key[] = \"{{key}}\";", "std::string password = \"{{pw}}\";", "if (strcmp(password, \"{{pw}}\") == 0)", "const char* wifi_password = \"{{pw}}\";", "WiFi.begin(\"home\", \"{{pw}}\");",
	},
	"App.cs": {
		"string password = @\"{{pw}}\";", "var cred = new NetworkCredential(\"app\", \"{{pw}}\");", "Password = \"{{pw}}\",", "private const string ApiKey = \"{{key}}\";", "\"Server=h;Database=a;Uid=app;Pwd={{pw}};\"", "optionsBuilder.UseSqlServer(\"Server=h;User Id=sa;Password={{pw}};\")", "new Secret(\"{{key}}\".Sha256())",
	},
	"main.rs":          {"let token: &str = \"{{key}}\";", "let password = \"{{pw}}\";", "let password = String::from(\"{{pw}}\");", "password: \"{{pw}}\".to_string(),", "const API_KEY: &str = \"{{key}}\";"},
	"App.swift":        {"let apiKey = \"{{key}}\"", "static let password: String = \"{{pw}}\""},
	"App.kt":           {"val password = \"{{pw}}\"", "const val API_KEY = \"{{key}}\"", "buildConfigField(\"String\", \"API_KEY\", \"\\\"{{key}}\\\"\")", "buildConfigField(\"String\", \"DB_PASSWORD\", \"\\\"{{pw}}\\\"\")", "resValue(\"string\", \"db_password\", \"{{pw}}\")", "val password = System.getenv(\"PW\") ?: \"{{pw}}\""},
	"build.gradle":     {"storePassword '{{pw}}'", "keyPassword \"{{pw}}\"", "password = \"{{pw}}\"", "credentials {\n  username 'app'\n  password '{{pw}}'\n}"},
	"a.pl":             {"my $password = '{{pw}}';", "password => '{{pw}}',", "DBI->connect($dsn, 'app', '{{pw}}')"},
	"a.R":              {"password <- \"{{pw}}\"", "Sys.setenv(API_KEY = \"{{key}}\")"},
	"a.lua":            {"local password = \"{{pw}}\""},
	"a.vb":             {"Const Pwd = \"{{pw}}\"", "Dim password As String = \"{{pw}}\""},
	"a.ex":             {"password: \"{{pw}}\",", "secret_key_base: \"{{key}}\""},
	"a.dart":           {"final apiKey = '{{key}}';"},
	"a.scala":          {"val dbPassword = \"{{pw}}\""},
	"NOTES.md":         {"- user: app\n- password: {{pw}}\n", "Login with `app` / password `{{pw}}`\n", "| user | app |\n| password | {{pw}} |\n", "the password is `{{pw}}`\n", "Password: {{pw}}\n", "$ curl -H \"X-Auth-Token: {{key}}\" https://example.com\n", "export API_KEY={{key}}\n"},
	".netrc":           {"machine h.example.com login app password {{pw}}\n", "machine h.example.com\n  login app\n  password {{pw}}\n"},
	".pgpass":          {"db.example.com:5432:app:app:{{pw}}\n"},
	".my.cnf":          {"[client]\nuser=root\npassword={{pw}}\n", "[client]\npassword=\"{{pw}}\"\n"},
	".npmrc":           {"//r.example.com/:_authToken={{key}}\n", "_password={{key}}\n"},
	".pypirc":          {"[pypi]\nusername = app\npassword = {{pw}}\n"},
	"pip.conf":         {"index-url = https://app:{{pw}}@pypi.example.com/simple\n"},
	".git-credentials": {"https://app:{{pw}}@git.example.com\n"},
	".gem/credentials": {":example_api_key: {{key}}\n"},
	"hosts.yml":        {"git.example.com:\n  user: app\n  oauth_token: {{key}}\n"},
	".terraformrc":     {"credentials \"app.example.com\" {\n  token = \"{{key}}\"\n}\n"},
	"tomcat-users.xml": {"<user username=\"app\" password=\"{{pw}}\" roles=\"manager-gui\"/>\n"},
	"Jenkinsfile":      {"environment {\n  DB_PASSWORD = '{{pw}}'\n}\n", "sh 'curl -u app:{{pw}} https://example.com'\n"},
	"a.http":           {"Authorization: Bearer {{key}}\n", "X-Api-Key: {{key}}\n", "Private-Token: {{key}}\n", "Authorization: Token {{key}}\n"},
	"log.txt":          {"connecting with user=app password={{pw}}\n", "GET /v1?api_key={{key}} HTTP/1.1\n", "https://example.com/cb#access_token={{key}}&x=1\n"},
	"values.yaml":      {"postgresql:\n  auth:\n    password: {{pw}}\n", "  adminPassword: \"{{pw}}\"\n", "  existingToken: {{key}}\n"},
	"playbook.yml":     {"- user:\n    name: app\n    password: {{pw}}\n", "  vars:\n    mysql_root_password: {{pw}}\n", "  environment:\n    API_TOKEN: {{key}}\n"},
	"manifest.pp":      {"  password => '{{pw}}',", "mysql::db { 'a':\n  user => 'app',\n  password => '{{pw}}',\n}"},
	"index.html":       {`<meta name="api-token" content="{{key}}">`},
	"stack.yaml":       {"  DbPassword:\n    Type: String\n    NoEcho: true\n    Default: {{pw}}\n", "DbPassword:\n  Default: '{{pw}}'\n  Type: String\n"},
	"parameters.json":  {`{"adminPassword": {"value": "{{pw}}"}}`, "\"apiKey\": {\n  \"value\": \"{{key}}\"\n}"},
	"cfn.json":         {`"MasterUserPassword": "{{pw}}"`, `"DBPassword": {"Type": "String", "Default": "{{pw}}"}`},
	"pom.xml":          {"<db.password>{{pw}}</db.password>"},
	"notebook.ipynb":   {"    \"password = \\\"{{pw}}\\\"\\n\",\n", "    \"api_key='{{key}}'\\n\"\n"},
}

// TestForms holds that what stands in a known form is found, and no more of it
// and no less. A new form begins here.
func TestForms(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	const tries = 5
	for path, contents := range forms {
		for _, content := range contents {
			template := strings.NewReplacer("{{pw}}", "<lower:3><digits:1><upper:2><lower:4><digits:2>", "{{key}}", "<base62:20>7a<base62:18>").Replace(content)
			for try := range tries {
				text, err := rules.Expand(template, try)
				if err != nil {
					t.Fatal(err)
				}
				value := text[strings.Index(content, "{{pw}}")+strings.Index(content, "{{key}}")+1:]
				value = value[:map[bool]int{true: 12, false: 40}[strings.Contains(content, "{{pw}}")]]
				found := false
				var instead []string
				for _, m := range set.Find(path, []byte(text), 0, len(text), true, true) {
					secret := text[m.SecretStart:m.SecretEnd]
					found = found || secret == value && m.Confidence >= rules.ConfidenceMedium
					instead = append(instead, secret)
				}
				if !found {
					t.Errorf("Find(%q, %q) = %q, want %q", path, text, instead, value)
					break
				}
			}
		}
	}
}
