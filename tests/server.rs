//! A real `testat serve` in a process of its own, with a data folder and a port of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than any one grading here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

pub(crate) const SEMESTER: &str = "HS2026";
pub(crate) const STUDENT: &str = "ada@example.org";
pub(crate) const ADMIN: &str = "office@example.org";

const ROSTER: &str = "family name,first name,Legi number,e-mail,department,level,role\n\
    Lovelace,Ada,12-345-674,ada@example.org,D-INFK,MSc,student\n\
    Babbage,Charles,12-345-682,charles@example.org,D-MATH,MSc,student\n\
    Grewe,Benjamin,,lecturer@example.org,D-ITET,,instructor\n";

/// A data folder with a semester whose first project is open, and perhaps a server on it.
pub(crate) struct Server {
    data: tempfile::TempDir,
    database: Option<String>,
    graders: Option<String>,
    child: Option<Child>,
    address: String,
}

impl Server {
    /// An empty data folder without a server.
    pub(crate) fn empty(database: Option<String>) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self { data, database, graders: None, child: None, address: String::new() }
    }

    /// A prepared data folder without a server.
    pub(crate) fn prepared(database: Option<String>) -> Self {
        Self::empty(database).begun(0)
    }

    /// The same with other grader folders, and so many weeks into the semester.
    pub(crate) fn with_graders(graders: String, weeks: i64) -> Self {
        let mut server = Self::empty(None);
        server.graders = Some(graders);
        server.begun(weeks)
    }

    fn begun(self, weeks: i64) -> Self {
        let server = self;
        let today = jiff::Timestamp::now()
            .to_zoned_datetime(jiff::tz::TimeZone::get("Europe/Zurich").unwrap());
        let first = today.date().checked_sub(jiff::Span::new().weeks(weeks)).unwrap();
        server.admin(&[
            "semester",
            "add",
            SEMESTER,
            "--first-lecture",
            &first.to_string(),
            "--daily-limit",
            "500",
        ]);
        let roster = server.data.path().join("roster.csv");
        std::fs::write(&roster, ROSTER).unwrap();
        server.admin(&["roster", "import", roster.to_str().unwrap(), "--semester", SEMESTER]);
        server
            .admin(&["person", "add", ADMIN, "--family", "Office", "--given", "Course", "--admin"]);
        server
    }

    /// The same with the server running.
    pub(crate) fn started(database: Option<String>) -> Self {
        let mut server = Self::prepared(database);
        server.start();
        server
    }

    /// The URL of its database.
    pub(crate) fn database_url(&self) -> String {
        let own = || format!("sqlite://{}", self.data.path().join("testat.db").display());
        self.database.clone().unwrap_or_else(own)
    }

    /// Where submissions are unpacked.
    pub(crate) fn box_dir(&self) -> PathBuf {
        self.data.path().join("boxes")
    }

    /// Database, archives, the server's key.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// What the server says on stderr, if it was started with a pipe there.
    pub(crate) fn log(&mut self) -> BufReader<std::process::ChildStderr> {
        BufReader::new(self.child.as_mut().unwrap().stderr.take().unwrap())
    }

    /// Number of the server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Unpacked submissions that are there at this moment.
    pub(crate) fn boxes(&self) -> usize {
        let entries =
            std::fs::read_dir(self.box_dir()).unwrap().map(|entry| entry.unwrap().file_name());
        entries.filter(|name| name.to_string_lossy().starts_with("grading-")).count()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_testat"));
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("TESTAT_DATA_DIR", self.data.path())
            .env("TESTAT_LISTEN", "127.0.0.1:0")
            .env("TESTAT_BOX_DIR", self.box_dir())
            .env("TESTAT_WORKERS", "1");
        if let Some(database) = &self.database {
            command.env("TESTAT_DATABASE_URL", database);
        }
        if let Some(graders) = &self.graders {
            command.env("TESTAT_GRADERS", graders);
        }
        command
    }

    /// Runs `testat admin ...` to its end.
    pub(crate) fn try_admin(&self, arguments: &[&str]) -> Output {
        self.command().arg("admin").args(arguments).output().unwrap()
    }

    /// The same, and what it printed; it must succeed.
    pub(crate) fn admin(&self, arguments: &[&str]) -> String {
        let output = self.try_admin(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "testat admin {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A file beside the data, for uploads.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.data.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn token(&self, email: &str) -> String {
        let staff = [ADMIN, "lecturer@example.org"].contains(&email);
        let scope = if staff { "staff" } else { "submit" };
        self.admin(&["token", email, "--scope", scope]).trim().to_owned()
    }

    /// Starts the server and learns its address from its first line.
    pub(crate) fn start(&mut self) {
        let command = self.command();
        self.start_as(command);
    }

    /// The same with settings of one's own.
    pub(crate) fn start_as(&mut self, mut command: Command) {
        let mut child = command.arg("serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("serve says its address").unwrap();
        self.address =
            line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        self.child = Some(child);
    }

    /// SIGKILL: no chance to tidy up.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// A browser in which this person is signed in, by the link with which a password is set.
    pub(crate) async fn signed_in(&self, email: &str) -> reqwest::Client {
        let printed = self.admin(&["person", "invite", email]);
        let (_, secret) = printed.trim().rsplit_once("/welcome/").unwrap();
        let browser = reqwest::Client::builder().cookie_store(true).build().unwrap();
        let response = browser
            .post(self.url(&format!("/welcome/{secret}")))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("password=a+browser%27s+password&again=a+browser%27s+password")
            .send();
        let response = response.await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
        browser
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Value {
        let response =
            reqwest::Client::new().get(self.url(path)).bearer_auth(token).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Uploads a file as it is.
    pub(crate) async fn upload(
        &self,
        slug: &str,
        token: &str,
        name: &str,
        bytes: Vec<u8>,
    ) -> reqwest::Response {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("archive", part);
        let path = format!("/api/v1/semesters/{SEMESTER}/projects/{slug}/submissions");
        let request =
            reqwest::Client::new().post(self.url(&path)).bearer_auth(token).multipart(form);
        request.send().await.unwrap()
    }

    /// Uploads a folder as a tar; where the submission is to be found.
    pub(crate) async fn submit(&self, token: &str, folder: &Path) -> String {
        self.submit_to("backprop", token, folder).await
    }

    /// The same for another project than the first.
    pub(crate) async fn submit_to(&self, slug: &str, token: &str, folder: &Path) -> String {
        let response = self.upload(slug, token, "submission.tar", pack(folder)).await;
        assert_eq!(response.status(), 201, "{}", response.text().await.unwrap());
        let location = response.headers()["location"].to_str().unwrap();
        location.strip_prefix(&self.address).unwrap_or(location).to_owned()
    }

    /// Waits until the submission's last grading has ended.
    pub(crate) async fn graded(&self, token: &str, location: &str) -> Value {
        let begun = Instant::now();
        loop {
            let submission = self.get(token, location).await;
            let grading = submission["gradings"].as_array().unwrap().last().unwrap().clone();
            let state = grading["state"].as_str().unwrap().to_owned();
            if !["waiting", "running"].contains(&state.as_str()) {
                return grading;
            }
            assert!(begun.elapsed() < PATIENCE, "still {state}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A folder as a tar in memory.
pub(crate) fn pack(folder: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", folder).unwrap();
    tar.into_inner().unwrap()
}

pub(crate) fn grader_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("graders/1-backprop")
}
