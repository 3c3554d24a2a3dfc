//! The real web server in this process, on a port and a data folder of its own; nothing is graded.

use std::net::TcpListener;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use testat::clock::Clock;
use testat::config::Config;
use testat::course::access::Scope;
use testat::course::{PersonId, SemesterName};
use testat::export::starter;
use testat::store::people::{self, NewPerson};
use testat::store::tokens::NewToken;
use testat::store::{Db, roster, semesters, tokens};
use testat::web::{self, Setup, State, passwords};

use crate::database::Engine;
use crate::postgres;

pub(crate) const SEMESTER: &str = "HS2026";
/// The slug of the second project.
pub(crate) const SECOND: &str = "regularise";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const ADA: &str = "ada@example.org";
pub(crate) const EMMY: &str = "emmy@example.org";
pub(crate) const LECTURER: &str = "lecturer@example.org";
pub(crate) const OFFICE: &str = "office@example.org";

const ROSTER: &str = "family name,first name,Legi number,e-mail,department,level,role\n\
    Lovelace,Ada,12-345-674,ada@example.org,D-INFK,MSc,student\n\
    Noether,Emmy,12-345-682,emmy@example.org,D-MATH,MSc,student\n\
    Grewe,Benjamin,,lecturer@example.org,D-ITET,,instructor\n";

pub(crate) struct TestApp {
    pub(crate) db: Db,
    pub(crate) address: String,
    data: tempfile::TempDir,
}

impl TestApp {
    /// A semester whose first project is open, with two students, a lecturer and an admin who all
    /// have the same password.
    pub(crate) async fn started() -> Self {
        match Engine::of_this_run() {
            Engine::Sqlite => Self::on(None).await,
            Engine::Postgres => Self::on(Some(postgres::database().await)).await,
        }
    }

    pub(crate) async fn on(database: Option<String>) -> Self {
        Self::patient(database, web::Patience::default(), web::Cookies::Loopback).await
    }

    /// The same for clients that are held to other times, or reached over TLS.
    pub(crate) async fn patient(
        database: Option<String>,
        patience: web::Patience,
        cookies: web::Cookies,
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let url = database
            .unwrap_or_else(|| format!("sqlite://{}", data.path().join("testat.db").display()));
        let db = Db::connect(&url).await.unwrap();
        db.migrate().await.unwrap();
        fill(&db, data.path()).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let blobs = data.path().join("blobs").display().to_string();
        let setup = Setup {
            db: db.clone(),
            blobs: testat::intake::blobs::Blobs::open(&blobs, &data.path().join("incoming"))
                .unwrap(),
            archive_limits: Default::default(),
            projects: vec![backprop(), not_open_yet()],
            starters: vec![kit()],
            cookies,
            trust_proxy: false,
            host: Vec::new(),
            grades_others: false,
            patience,
            base_url: address.clone(),
            data_dir: data.path().to_owned(),
            self_attack: testat::commands::self_attack::nothing(),
        };
        tokio::spawn(web::run(listener, State::new(setup).unwrap()).unwrap());
        Self { db, address, data }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// What a search for copies needs; the server itself does none here.
    pub(crate) fn desk(&self) -> testat::copies::job::Desk {
        let blobs = self.data.path().join("blobs").display().to_string();
        let incoming = self.data.path().join("incoming");
        testat::copies::job::Desk {
            db: self.db.clone(),
            blobs: testat::intake::blobs::Blobs::open(&blobs, &incoming).unwrap(),
            clock: Clock,
            starters: vec![kit()],
        }
    }

    /// How many archives have been kept.
    pub(crate) fn archives_kept(&self) -> usize {
        std::fs::read_dir(self.data.path().join("blobs/sha256")).unwrap().count()
    }

    /// How many uploads are on their way, or were left there.
    pub(crate) fn incoming(&self) -> usize {
        std::fs::read_dir(self.data.path().join("incoming")).unwrap().count()
    }

    /// Hands a file in by program.
    pub(crate) async fn hand_in(
        &self,
        token: &str,
        slug: &str,
        name: &str,
        bytes: Vec<u8>,
    ) -> Response {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("archive", part);
        let path = self.url(&format!("/api/v1/semesters/{SEMESTER}/projects/{slug}/submissions"));
        Client::new().post(path).bearer_auth(token).multipart(form).send().await.unwrap()
    }

    /// A browser that nobody has signed in with.
    pub(crate) fn browser(&self) -> Browser {
        let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Browser { client, address: self.address.clone() }
    }

    /// A browser with a signed-in person.
    pub(crate) async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        let response = browser.sign_in(email, PASSWORD).await;
        assert_eq!(response.status(), 303);
        browser
    }

    /// A token as each would make it: students to hand in, staff to see.
    pub(crate) async fn token(&self, email: &str) -> String {
        let student = [ADA, EMMY].contains(&email);
        self.scoped(email, if student { Scope::Submit } else { Scope::Staff }).await
    }

    /// A token of some scope.
    pub(crate) async fn scoped(&self, email: &str, scope: Scope) -> String {
        let (person, now) = (&self.person(email).await, Clock.now());
        let secret = testat::secret::fresh();
        let new = NewToken { person, name: "test", scope, expires_at: now + 60_000_000 };
        tokens::create(&self.db, new, &secret.hash, None, now).await.unwrap();
        secret.text
    }

    pub(crate) async fn person(&self, email: &str) -> PersonId {
        people::by_email(&self.db, &email.parse().unwrap()).await.unwrap().unwrap().id
    }
}

async fn fill(db: &Db, data: &std::path::Path) {
    let now = Clock.now();
    let office = NewPerson {
        email: OFFICE.parse().unwrap(),
        family_name: "Office".to_owned(),
        first_name: "Course".to_owned(),
        admin: true,
    };
    people::create(db, &office, None, now).await.unwrap();
    let today = jiff::Timestamp::from_millisecond(now).unwrap();
    let graders = concat!(env!("CARGO_MANIFEST_DIR"), "/graders").to_owned();
    let variables = [("TESTAT_GRADERS".to_owned(), graders)];
    let config = Config::from(&data.join("none.toml"), variables.into_iter()).unwrap();
    let name: SemesterName = SEMESTER.parse().unwrap();
    let projects = testat::commands::admin::semester::course_projects(&config).unwrap();
    let new = semesters::NewSemester {
        name: name.clone(),
        first_lecture: today.to_zoned_datetime(testat::course::calendar::zurich()).date(),
        rule: testat::commands::admin::semester::rule(5, &projects).unwrap(),
        daily_limit: 3,
        due_at: testat::course::calendar::DUE_AT,
        projects,
    };
    semesters::create(db, &new, None, now).await.unwrap();
    let rows = testat::intake::roster::read(ROSTER.as_bytes()).unwrap();
    roster::import(db, &name, &rows, None, now).await.unwrap();
    let hash = passwords::hash_now(PASSWORD).unwrap();
    for person in people::all(db).await.unwrap() {
        people::set_password(db, &person.id, &hash, None, now).await.unwrap();
    }
}

fn backprop() -> web::ProjectInfo {
    web::ProjectInfo {
        slug: "backprop".parse().unwrap(),
        number: testat::course::ProjectNumber::new(1).unwrap(),
        title: "Backpropagation from scratch".to_owned(),
        summary: "One line.".to_owned(),
        handout: "## Gradients {#grads}\n\n<script>alert(1)</script>Text.".to_owned(),
        version: "1.0.0-test".to_owned(),
        checks: Vec::new(),
        wall_s: 120,
        cpu_s: 90,
        memory_mib: 1024,
    }
}

/// A small kit, in Python alone.
fn kit() -> starter::Starter {
    let contents = starter::Contents {
        slug: &"backprop".parse().unwrap(),
        title: "Project 1: Backpropagation from scratch",
        language: testat::course::Language::Python,
        handout: &backprop().handout,
        crates: "",
        files: [("solution.py".to_owned(), solution())].into(),
    };
    starter::pack(contents).unwrap()
}

/// Its grader is installed, its window opens in two weeks.
fn not_open_yet() -> web::ProjectInfo {
    web::ProjectInfo {
        slug: SECOND.parse().unwrap(),
        number: testat::course::ProjectNumber::new(2).unwrap(),
        title: "The second project".to_owned(),
        ..backprop()
    }
}

/// A browser: keeps cookies, says where its requests come from.
pub(crate) struct Browser {
    pub(crate) client: Client,
    address: String,
}

impl Browser {
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Response {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.address)).send().await.unwrap()
    }

    /// The text of a page that must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let body: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .client
            .post(format!("{}{path}", self.address))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap()
    }

    /// The same with the form's token, taken from the account page.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = self.form_token().await;
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    pub(crate) async fn form_token(&self) -> String {
        let page = self.page("/profile").await;
        let (_, rest) = page.split_once("name=\"form_token\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Uploads through the page's form.
    pub(crate) async fn upload(&self, name: &str, bytes: Vec<u8>) -> Response {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new()
            .text("form_token", self.form_token().await)
            .part("archive", part);
        let path = format!("{}/semesters/{SEMESTER}/projects/backprop/submissions", self.address);
        let request =
            self.client.post(path).header("sec-fetch-site", "same-origin").multipart(form);
        request.send().await.unwrap()
    }
}

pub(crate) fn location(response: &Response) -> String {
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// A solution that intake takes.
pub(crate) fn solution() -> Vec<u8> {
    b"def forward(params, X, activation):\n    return X\n".to_vec()
}
