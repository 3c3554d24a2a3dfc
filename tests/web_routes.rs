//! Every address x everyone who could ask: what each is answered, and that a denied request has
//! changed nothing. The rows are held against the server's own list of addresses.

use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use testat::clock::Clock;
use testat::course::access::Scope;
use testat::course::admission::Needed;
use testat::course::question::Side;
use testat::course::{PersonId, ProjectNumber, SecretHash, SubmissionId, Verdict};
use testat::store::excuses::NewExcuse;
use testat::store::extensions::{self, NewExtension};
use testat::store::foreseen::Whether;
use testat::store::overrides::{self, What};
use testat::store::people::{self, NewPerson};
use testat::store::questions::{self, Author};
use testat::store::tokens::NewToken;
use testat::store::{
    acceptances, comments, copies, copy_pairs, excuses, invitations, pauses, queue, regrades,
    roster, semesters, sessions, tokens,
};

use crate::app::{ADA, EMMY, LECTURER, OFFICE, PASSWORD, SEMESTER, TestApp, solution};

const FOREIGN: &str = "foreign@example.org";

/// In the order of the columns: nobody, the student whose things are asked for, another student, an
/// instructor of another semester, an instructor of this one, an admin.
const WHO: [Option<&str>; 6] =
    [None, Some(ADA), Some(EMMY), Some(FOREIGN), Some(LECTURER), Some(OFFICE)];

/// What is sent along.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    None,
    /// Fields of a form, beside its token.
    Form(&'static [(&'static str, &'static str)]),
    /// One field with a file, after the form's token.
    File(&'static str),
}
use Body::{File, Form};

const NOTHING: Body = Form(&[]);
const DECIDE: Body = Form(&[("project", "1"), ("decision", "passed"), ("reason", "seen in class")]);
const EXTEND: Body = Form(&[("project", "1"), ("day", "2099-01-01"), ("reason", "was ill")]);
const PAUSE: Body = Form(&[("project", "1"), ("reason", "the grader is mended")]);
const EXTEND_MANY: Body = Form(&[
    ("project", "1"),
    ("day", "2099-01-01"),
    ("reason", "was ill"),
    ("students", "12-345-674"),
    ("student-12-345-682", "yes"),
    ("sure", "yes"),
]);
const EXCUSE: Body =
    Form(&[("project", "1"), ("needed", "stays"), ("reason", "was ill"), ("sure", "yes")]);
const REGRADE: Body = Form(&[
    ("project", "1"),
    ("scope", "everyone"),
    ("seeds", "same"),
    ("reason", "a better grader"),
]);
const WINDOW: Body = Form(&[("project", "7"), ("opens", "2099-01-01"), ("due", "2099-02-01")]);
const NEW_SEMESTER: Body = Form(&[
    ("name", "HS2030"),
    ("first_lecture", "2030-09-18"),
    ("needed", "1"),
    ("daily_limit", "5"),
    ("like", ""),
]);
const ADD: Body =
    Form(&[("email", "new@example.org"), ("family_name", "New"), ("first_name", "Nina")]);
const COMMENT: Body = Form(&[("file", "solution.py"), ("line", "2"), ("text", "Why so?")]);
const SIGN_IN: Body = Form(&[("email", ADA), ("password", PASSWORD)]);
const SET: Body = Form(&[("password", "tulip verve octagon"), ("again", "tulip verve octagon")]);
const CHANGE: Body = Form(&[
    ("old", PASSWORD),
    ("password", "tulip verve octagon"),
    ("again", "tulip verve octagon"),
]);
const ROSTER: Body = Form(&[(
    "csv",
    "family name,first name,Legi number,e-mail,department,level,role\n\
     Gauss,Carl,12-345-690,gauss@example.org,D-MATH,MSc,student\n",
)]);

const ASK: Body = Form(&[("check", ""), ("text", "Why did it fail?")]);

/// Method, address, body; then the status for each of `WHO`. A page that leads nobody in particular to
/// the sign-in is 401 here.
type Row = (&'static str, &'static str, Body, [u16; 6]);

const ALL: [u16; 6] = [200; 6];
const SIGNED_IN: [u16; 6] = [401, 200, 200, 200, 200, 200];
const ACT_OF_SIGNED_IN: [u16; 6] = [401, 303, 303, 303, 303, 303];
/// Students and staff of the semester.
const MEMBERS: [u16; 6] = [401, 200, 200, 404, 200, 200];
/// The student and those who decide.
const OWN_AND_STAFF: [u16; 6] = [401, 200, 404, 404, 200, 200];
const STAFF: [u16; 6] = [401, 404, 404, 404, 200, 200];
const ADMIN: [u16; 6] = [401, 404, 404, 404, 404, 200];
const ACT_OF_STAFF: [u16; 6] = [401, 403, 403, 403, 303, 303];
/// Of something that one may not know of.
const HIDDEN_ACT_OF_STAFF: [u16; 6] = [401, 404, 404, 404, 303, 303];
const ACT_OF_ADMIN: [u16; 6] = [401, 403, 403, 403, 403, 200];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("GET", "/static/{name}", Body::None, ALL),
    ("GET", "/healthz", Body::None, ALL),
    ("GET", "/readyz", Body::None, ALL),
    // Over loopback; else there is nothing, which `web_limits` tests.
    ("GET", "/metrics", Body::None, ALL),
    ("GET", "/sign-in", Body::None, ALL),
    ("POST", "/sign-in", SIGN_IN, [303; 6]),
    ("POST", "/sign-out", NOTHING, ACT_OF_SIGNED_IN),
    // Whoever has the link.
    ("GET", "/welcome/{secret}", Body::None, ALL),
    ("POST", "/welcome/{secret}", SET, [303; 6]),
    ("GET", "/", Body::None, ACT_OF_SIGNED_IN),
    // Staff are led on to the class.
    ("GET", "/semesters/{semester}", Body::None, [401, 200, 200, 404, 303, 303]),
    ("GET", "/semesters/{semester}/projects/{slug}", Body::None, MEMBERS),
    // The other student hands in work of their own.
    ("POST", "/semesters/{semester}/projects/{slug}/submissions", File("archive"), [401, 303, 303, 403, 403, 403]),
    ("GET", "/semesters/{semester}/projects/{slug}/starter/{language}", Body::None, MEMBERS),
    ("GET", "/submissions/{id}", Body::None, OWN_AND_STAFF),
    ("GET", "/submissions/{id}/live", Body::None, OWN_AND_STAFF),
    ("GET", "/submissions/{id}/archive", Body::None, OWN_AND_STAFF),
    ("GET", "/submissions/{id}/files", Body::None, OWN_AND_STAFF),
    ("POST", "/submissions/{id}/comments", COMMENT, HIDDEN_ACT_OF_STAFF),
    ("POST", "/comments/{id}/take-back", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("POST", "/submissions/{id}/regrade", Form(&[("reason", "a better grader")]), HIDDEN_ACT_OF_STAFF),
    // Staff answer, and ask nothing.
    ("POST", "/submissions/{id}/questions", ASK, [401, 303, 404, 404, 403, 403]),
    ("POST", "/questions/{id}/messages", Form(&[("text", "It is the sign.")]), [401, 303, 404, 404, 303, 303]),
    ("POST", "/questions/{id}/close", NOTHING, [401, 303, 404, 404, 303, 303]),
    ("GET", "/class/{semester}/questions", Body::None, STAFF),
    ("GET", "/class/{semester}", Body::None, STAFF),
    ("GET", "/class/{semester}/attention", Body::None, STAFF),
    ("GET", "/class/{semester}/extensions", Body::None, STAFF),
    ("POST", "/class/{semester}/extensions", EXTEND_MANY, ACT_OF_STAFF),
    ("POST", "/class/{semester}/students/{person}/excuses", EXCUSE, ACT_OF_STAFF),
    ("POST", "/excuses/{id}/take-back", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("POST", "/submissions/{id}/accept", Form(&[("reason", "was ill")]), [401, 404, 404, 404, 303, 303]),
    ("POST", "/acceptances/{id}/take-back", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("GET", "/class/{semester}/regrades", Body::None, STAFF),
    ("POST", "/class/{semester}/regrades", REGRADE, ACT_OF_STAFF),
    ("GET", "/regrades/{id}", Body::None, STAFF),
    ("POST", "/regrades/{id}/apply", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("POST", "/regrades/{id}/discard", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("POST", "/regrades/{id}/undo", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("POST", "/regrades/{id}/retry", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("POST", "/regrades/{id}/leave-out", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("GET", "/class/{semester}/queue", Body::None, STAFF),
    ("GET", "/admin/queue", Body::None, ADMIN),
    ("POST", "/class/{semester}/pauses", PAUSE, ACT_OF_STAFF),
    ("POST", "/class/{semester}/pauses/end", Form(&[("project", "1")]), ACT_OF_STAFF),
    ("POST", "/submissions/{id}/retry", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("GET", "/class/{semester}/statistics", Body::None, STAFF),
    ("GET", "/class/{semester}/copies", Body::None, STAFF),
    // One search for a project at a time: the instructor's is on its way when the admin asks.
    ("POST", "/class/{semester}/copies", Form(&[("project", "1")]), [401, 404, 404, 404, 303, 409]),
    ("GET", "/copies/{id}", Body::None, STAFF),
    ("POST", "/copies/{id}/review", Form(&[("note", "a shared tutorial")]), HIDDEN_ACT_OF_STAFF),
    ("POST", "/copies/{id}/take-back", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("GET", "/class/{semester}/students/{person}", Body::None, STAFF),
    ("POST", "/class/{semester}/students/{person}/overrides", DECIDE, ACT_OF_STAFF),
    ("POST", "/class/{semester}/students/{person}/extensions", EXTEND, ACT_OF_STAFF),
    ("POST", "/overrides/{id}/take-back", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("POST", "/extensions/{id}/take-back", NOTHING, HIDDEN_ACT_OF_STAFF),
    ("GET", "/admin", Body::None, ADMIN),
    ("GET", "/admin/audit", Body::None, ADMIN),
    ("GET", "/admin/new-semester", Body::None, ADMIN),
    ("POST", "/admin/new-semester", NEW_SEMESTER, [401, 403, 403, 403, 403, 303]),
    ("GET", "/admin/people", Body::None, ADMIN),
    ("POST", "/admin/people", ADD, ACT_OF_ADMIN),
    ("POST", "/admin/people/{person}/link", NOTHING, ACT_OF_ADMIN),
    ("POST", "/admin/people/{person}/admin", Form(&[("admin", "no")]), [401, 403, 403, 403, 403, 303]),
    ("POST", "/admin/mail/again", NOTHING, [401, 403, 403, 403, 403, 303]),
    ("GET", "/admin/semesters/{semester}", Body::None, ADMIN),
    ("POST", "/admin/semesters/{semester}/windows", WINDOW, ACT_OF_STAFF),
    ("GET", "/admin/semesters/{semester}/admissions", Body::None, STAFF),
    ("GET", "/admin/semesters/{semester}/roster", Body::None, ADMIN),
    ("POST", "/admin/semesters/{semester}/roster/preview", File("file"), ACT_OF_ADMIN),
    ("POST", "/admin/semesters/{semester}/roster/import", ROSTER, ACT_OF_ADMIN),
    ("POST", "/admin/semesters/{semester}/roster/links", NOTHING, ACT_OF_ADMIN),
    ("GET", "/profile", Body::None, SIGNED_IN),
    ("POST", "/profile/mail", Form(&[("verdict", "on")]), ACT_OF_SIGNED_IN),
    ("POST", "/profile/password", CHANGE, ACT_OF_SIGNED_IN),
    ("POST", "/profile/tokens", Form(&[("name", "laptop"), ("scope", "read"), ("days", "30")]), SIGNED_IN),
    ("POST", "/profile/tokens/{id}/revoke", NOTHING, [401, 303, 404, 404, 404, 404]),
    ("POST", "/profile/sign-out-everywhere", NOTHING, ACT_OF_SIGNED_IN),
    ("GET", "/api/openapi.json", Body::None, ALL),
    ("GET", "/api/v1/me", Body::None, SIGNED_IN),
    ("GET", "/api/v1/health", Body::None, [401, 403, 403, 403, 403, 200]),
    ("GET", "/api/v1/semesters", Body::None, SIGNED_IN),
    ("GET", "/api/v1/semesters/{semester}", Body::None, MEMBERS),
    ("GET", "/api/v1/semesters/{semester}/projects", Body::None, MEMBERS),
    ("GET", "/api/v1/semesters/{semester}/projects/{slug}", Body::None, MEMBERS),
    ("GET", "/api/v1/semesters/{semester}/projects/{slug}/submissions", Body::None, MEMBERS),
    ("POST", "/api/v1/semesters/{semester}/projects/{slug}/submissions", File("archive"), [401, 201, 201, 403, 403, 403]),
    ("GET", "/api/v1/semesters/{semester}/projects/{slug}/starter/{language}", Body::None, MEMBERS),
    // One's own: staff of the semester have none.
    ("GET", "/api/v1/semesters/{semester}/results", Body::None, [401, 200, 200, 403, 404, 404]),
    ("GET", "/api/v1/semesters/{semester}/admissions", Body::None, [401, 403, 403, 403, 200, 200]),
    ("GET", "/api/v1/submissions/{id}", Body::None, OWN_AND_STAFF),
    ("GET", "/api/v1/submissions/{id}/archive", Body::None, OWN_AND_STAFF),
];

/// The API's addresses, and which scopes reach them for someone who may: read, submit, staff.
#[rustfmt::skip]
const SCOPES: &[(&str, &str, &str, [u16; 3])] = &[
    ("GET", "/api/v1/me", ADA, [200; 3]),
    ("GET", "/api/v1/health", OFFICE, [403, 403, 200]),
    ("GET", "/api/v1/semesters", ADA, [200; 3]),
    ("GET", "/api/v1/semesters/{semester}", ADA, [200; 3]),
    ("GET", "/api/v1/semesters/{semester}/projects", ADA, [200; 3]),
    ("GET", "/api/v1/semesters/{semester}/projects/{slug}", ADA, [200; 3]),
    ("GET", "/api/v1/semesters/{semester}/projects/{slug}/submissions", ADA, [200; 3]),
    ("POST", "/api/v1/semesters/{semester}/projects/{slug}/submissions", ADA, [403, 201, 403]),
    ("GET", "/api/v1/semesters/{semester}/projects/{slug}/starter/{language}", ADA, [200; 3]),
    ("GET", "/api/v1/semesters/{semester}/results", ADA, [200; 3]),
    ("GET", "/api/v1/semesters/{semester}/admissions", LECTURER, [403, 403, 200]),
    ("GET", "/api/v1/submissions/{id}", LECTURER, [403, 403, 200]),
    ("GET", "/api/v1/submissions/{id}/archive", LECTURER, [403, 403, 200]),
];

/// A server with a semester beside it, where someone else teaches, and a graded submission of Ada's.
struct Site {
    app: TestApp,
    file: sqlx::SqlitePool,
    client: Client,
    submission: String,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("testat.db").display());
        let app = TestApp::on(Some(url.clone())).await;
        foreign_semester(&app).await;
        let response =
            app.hand_in(&app.token(ADA).await, "backprop", "solution.py", solution()).await;
        let submission = crate::app::location(&response).rsplit_once('/').unwrap().1.to_owned();
        let file = sqlx::SqlitePool::connect(&url).await.unwrap();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let site = Self { app, file, client, submission, _folder: folder };
        site.settle().await;
        site
    }

    /// Gives a verdict to whatever waits for one.
    async fn settle(&self) {
        record_waiting(&self.app, REPORT).await;
    }

    /// The address with things of Ada's that are there and have not been used up.
    async fn filled(&self, pattern: &str) -> String {
        let (db, now) = (&self.app.db, Clock.now());
        let (ada, office) = (self.app.person(ADA).await, self.app.person(OFFICE).await);
        let semester = SEMESTER.parse().unwrap();
        let secret = testat::secret::fresh();
        // One that lasts can't be begun; and paused, nothing would be graded for the next row.
        let one = ProjectNumber::new(1).unwrap();
        pauses::resume(db, &semester, one, &office, now).await.unwrap();
        let id = if pattern.contains("/regrades") {
            self.regrade(pattern).await
        } else if pattern.starts_with("/excuses") {
            self.excuse(&ada, &office).await
        } else if pattern.starts_with("/acceptances") || pattern.ends_with("/accept") {
            self.late(pattern, &office).await
        } else if pattern.starts_with("/overrides") {
            let what = What::Result(ProjectNumber::new(1).unwrap(), Verdict::Passed);
            let reason = "seen in class".parse().unwrap();
            overrides::decide(db, &semester, &ada, what, &reason, &office, now).await.unwrap();
            let all = overrides::of_student(db, &semester, &ada).await.unwrap();
            all.into_iter().find(|one| one.revoked_at.is_none()).unwrap().id.to_string()
        } else if pattern.starts_with("/extensions") {
            let project = ProjectNumber::new(1).unwrap();
            let reason = "was ill".parse().unwrap();
            let new = NewExtension {
                semester: semester.clone(),
                project,
                person: ada.clone(),
                due: now + 1_000_000,
                reason,
            };
            extensions::give(db, &new, &office, now).await.unwrap();
            let all = extensions::of_student(db, &semester, &ada).await.unwrap();
            all.into_iter().find(|one| one.revoked_at.is_none()).unwrap().id.to_string()
        } else if pattern.starts_with("/questions") {
            let by = Author { person: &ada, side: Side::Student };
            let (text, about) = ("Why?".parse().unwrap(), self.submission.parse().unwrap());
            questions::ask(db, &about, None, &text, by, now).await.unwrap().to_string()
        } else if pattern.starts_with("/comments") {
            let submission = self.submission.parse().unwrap();
            let place = comments::Place { file: "solution.py", line: 1 };
            let text = "See the hand-out.".parse().unwrap();
            comments::write(db, &submission, place, &text, &office, now).await.unwrap().to_string()
        } else if pattern.starts_with("/copies") {
            self.pair().await
        } else if pattern.starts_with("/profile/tokens/") {
            let new = NewToken {
                person: &ada,
                name: "t",
                scope: Scope::Read,
                expires_at: now + 1_000_000,
            };
            tokens::create(db, new, &secret.hash, None, now).await.unwrap().to_string()
        } else {
            self.submission.clone()
        };
        if pattern.starts_with("/welcome") {
            let until = now + 60_000;
            invitations::create(db, &ada, &secret.hash, until, None, now).await.unwrap();
        }
        pattern
            .replace("{id}", &id)
            .replace("{secret}", &secret.text)
            .replace("{semester}", SEMESTER)
            .replace("{slug}", "backprop")
            .replace("{language}", "python")
            .replace("{person}", ada.as_str())
            .replace("{name}", "testat.css")
    }

    /// Ada is excused from the first project.
    async fn excuse(&self, ada: &PersonId, office: &PersonId) -> String {
        let (db, now) = (&self.app.db, Clock.now());
        let new = NewExcuse {
            semester: SEMESTER.parse().unwrap(),
            project: ProjectNumber::new(1).unwrap(),
            person: ada.clone(),
            needed: Needed::Stays,
            reason: "was ill".parse().unwrap(),
        };
        excuses::give(db, &new, office, now, Whether::Made).await.unwrap();
        let all = excuses::of_student(db, &new.semester, ada).await.unwrap();
        all.into_iter().find(|one| one.revoked_at.is_none()).unwrap().id.to_string()
    }

    /// Ada's submission as if it had been late all along; or its acceptance.
    async fn late(&self, pattern: &str, office: &PersonId) -> String {
        let sql = "UPDATE submissions SET late = TRUE WHERE id = $1";
        sqlx::query(sql).bind(&self.submission).execute(&self.file).await.unwrap();
        if pattern.ends_with("/accept") {
            return self.submission.clone();
        }
        let (id, reason) = (self.submission.parse().unwrap(), "was ill".parse().unwrap());
        let given = acceptances::give(&self.app.db, &id, &reason, office, Clock.now()).await;
        given.unwrap().to_string()
    }

    /// A regrade of the first project in the state that the address is for: the one before it ends.
    async fn regrade(&self, pattern: &str) -> String {
        let (db, now) = (&self.app.db, Clock.now());
        let office = self.app.person(OFFICE).await;
        let semester = SEMESTER.parse().unwrap();
        for one in regrades::of_semester(db, &semester).await.unwrap() {
            if one.state == regrades::State::Open {
                regrades::discard(db, &one.id, &office, now).await.unwrap();
            }
        }
        if pattern == "/class/{semester}/regrades" {
            return String::new();
        }
        let new = regrades::NewRegrade {
            semester,
            project: ProjectNumber::new(1).unwrap(),
            scope: regrades::Scope::Everyone,
            seeds: regrades::Seeds::Same,
            reason: "a better grader".parse().unwrap(),
        };
        let (id, _) = regrades::start(db, &new, &office, now).await.unwrap();
        self.settle().await;
        if pattern.ends_with("/undo") {
            regrades::apply(db, &id, &office, now).await.unwrap();
        }
        id.to_string()
    }

    /// A pair of Ada's submission with itself, found by a search of its own.
    async fn pair(&self) -> String {
        let (db, now) = (&self.app.db, Clock.now());
        let office = self.app.person(OFFICE).await;
        let nothing = copies::Found { pairs: Vec::new(), unread: 0 };
        while let Some(run) = copies::claim(db, now, now + 60_000).await.unwrap() {
            let held = copies::record(db, &run, &nothing, now).await.unwrap();
            assert_eq!(held, queue::Held::Yes);
        }
        let (semester, project) = (SEMESTER.parse().unwrap(), ProjectNumber::new(2).unwrap());
        copies::ask(db, &semester, project, &office, now).await.unwrap();
        let run = copies::claim(db, now, now + 60_000).await.unwrap().unwrap();
        let submission: SubmissionId = self.submission.parse().unwrap();
        let pair = copies::NewPair {
            left: submission.clone(),
            right: submission,
            left_share: 1000,
            right_share: 1000,
            matched: 1,
            parts: "[]".to_owned(),
        };
        let found = copies::Found { pairs: vec![pair], unread: 0 };
        assert_eq!(copies::record(db, &run, &found, now).await.unwrap(), queue::Held::Yes);
        copy_pairs::of_run(db, &run.id).await.unwrap().remove(0).id.to_string()
    }

    /// A session of its own for each request: some of them end all there are.
    async fn session(&self, person: &PersonId) -> String {
        let secret = testat::secret::fresh();
        sessions::create(&self.app.db, &secret.hash, person, Clock.now()).await.unwrap();
        secret.text
    }

    /// The request, with a token or a session of its own.
    async fn request(&self, row: Row, who: Option<&str>, path: &str) -> reqwest::RequestBuilder {
        let (method, pattern, body, _) = row;
        let request =
            self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), self.app.url(path));
        let request = request.header("sec-fetch-site", "same-origin");
        let Some(email) = who else { return with_body(request, body, "none") };
        if pattern.starts_with("/api/") {
            return with_body(request.bearer_auth(self.app.token(email).await), body, "none");
        }
        let session = self.session(&self.app.person(email).await).await;
        let token = SecretHash::of(&format!("form token of {session}"));
        with_body(request.header("cookie", format!("testat={session}")), body, token.as_str())
    }

    /// Everything that is stored, but for who was seen when.
    async fn memory(&self) -> String {
        let tables: Vec<(String, String)> = sqlx::query_as(
            "SELECT m.name, group_concat('quote(' || c.name || ')', ' || '','' || ')
             FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx%'
               AND c.name NOT IN ('seen_at', 'last_used_at', 'last_used_from')
             GROUP BY m.name ORDER BY m.name",
        )
        .fetch_all(&self.file)
        .await
        .unwrap();
        assert!(tables.len() > 10, "{tables:?}");
        let mut all = String::new();
        for (table, columns) in tables {
            let query = format!("SELECT {columns} FROM {table} ORDER BY 1");
            let rows: Vec<(String,)> =
                sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&self.file).await.unwrap();
            all += &format!("{table}: {rows:?}\n");
        }
        format!("{all}archives: {}", self.app.archives_kept())
    }

    /// The account is as it was before the request, for the next.
    async fn restore(&self, hash: &str) {
        for email in WHO.into_iter().flatten() {
            let person = self.app.person(email).await;
            people::set_password(&self.app.db, &person, hash, None, Clock.now()).await.unwrap();
        }
    }
}

/// Grades what waits, with a figure of each kind.
pub(crate) async fn report_with_every_figure(app: &TestApp) {
    let axis = r#"{"label":"t","unit":"ms"}"#;
    let plots = [
        format!(r#"{{"kind":"lines","x":{axis},"y":{axis},"series":[{{"name":"a","points":[[0,1],[1,2]]}}]}}"#),
        format!(r#"{{"kind":"bars","labels":["a"],"values":[1],"y":{axis},"limit":0.5}}"#),
        r#"{"kind":"matrix","rows":["a"],"columns":["b"],"values":[[1]],"row_label":"r","column_label":"c"}"#.to_owned(),
        format!(r#"{{"kind":"raster","x":{axis},"spikes":[[1,2],[3]]}}"#),
    ];
    let figures = plots.iter().enumerate().map(|(n, plot)| {
        format!(r#"{{"id":"f{n}","title":"<b onclick=x>","alt":"a","plot":{plot}}}"#)
    });
    let figures = format!(r#""figures":[{}]"#, figures.collect::<Vec<_>>().join(","));
    record_waiting(app, &REPORT.replace(r#""figures":[]"#, &figures)).await;
}

/// Grades what waits: one check passed, `grads` failed.
pub(crate) async fn report_with_checks(app: &TestApp) {
    let check = |id: &str, title: &str, passed: bool| {
        format!(
            r#"{{"id":"{id}","title":"{title}","passed":{passed},"value":1,"comparison":"<=",
                "threshold":0.5,"message":""}}"#
        )
    };
    let checks = [check("forward", "Forward pass", true), check("grads", "Gradients", false)];
    let checks = format!(r#""checks":[{}]"#, checks.join(","));
    record_waiting(app, &REPORT.replace(r#""checks":[]"#, &checks)).await;
}

/// Gives a verdict to whatever waits for one.
async fn record_waiting(app: &TestApp, report: &str) {
    let now = Clock.now();
    while let Some(lease) = queue::claim(&app.db, "w", now, now + 60_000).await.unwrap() {
        let outcome = queue::Outcome {
            verdict: Verdict::Failed,
            seed: "5e".repeat(32),
            grader_version: "1.0.0".to_owned(),
            runtime: "r".to_owned(),
            failed: Vec::new(),
            report: report.replace("SEED", &"5e".repeat(32)),
        };
        let held = queue::record(&app.db, &lease, &outcome, now).await.unwrap();
        assert_eq!(held, queue::Held::Yes);
    }
}

const REPORT: &str = r#"{"verdict":"failed","seed":"SEED","runtime":"r","language":"python","log":"",
    "grader":{"slug":"backprop","version":"1.0.0"},"checks":[],"figures":[],
    "usage":{"cpu_ms":1,"wall_ms":1,"peak_memory_bytes":1,"phases":{}}}"#;

fn with_body(request: reqwest::RequestBuilder, body: Body, token: &str) -> reqwest::RequestBuilder {
    match body {
        Body::None => request,
        Form(fields) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("form_token", token).extend_pairs(fields);
            let kind = "application/x-www-form-urlencoded";
            request.header("content-type", kind).body(form.finish())
        }
        File(field) => {
            let part = reqwest::multipart::Part::bytes(solution()).file_name("solution.py");
            let form = reqwest::multipart::Form::new().text("form_token", token.to_owned());
            request.multipart(form.part(field, part))
        }
    }
}

async fn foreign_semester(app: &TestApp) {
    let now = Clock.now();
    let this = SEMESTER.parse().unwrap();
    let projects = semesters::projects(&app.db, &this).await.unwrap();
    let other = "FS2027".parse().unwrap();
    let new = semesters::NewSemester {
        name: other,
        first_lecture: jiff::civil::date(2027, 2, 22),
        rule: testat::course::admission::Rule::new(1, 1).unwrap(),
        daily_limit: 3,
        due_at: testat::course::calendar::DUE_AT,
        projects: projects.iter().take(1).map(|p| (p.slug.clone(), p.title.clone())).collect(),
    };
    semesters::create(&app.db, &new, None, now).await.unwrap();
    let person = NewPerson {
        email: FOREIGN.parse().unwrap(),
        family_name: "Foreign".to_owned(),
        first_name: "Teacher".to_owned(),
        admin: false,
    };
    people::create(&app.db, &person, None, now).await.unwrap();
    let csv = "family name,first name,Legi number,e-mail,department,level,role\n\
               Foreign,Teacher,,foreign@example.org,D-ITET,,instructor\n";
    let rows = testat::intake::roster::read(csv.as_bytes()).unwrap();
    roster::import(&app.db, &"FS2027".parse().unwrap(), &rows, None, now).await.unwrap();
}

#[test]
fn every_address_of_the_server_has_a_row_and_every_row_an_address() {
    let served: Vec<String> =
        testat::web::listed().iter().map(|one| format!("{} {}", one.method, one.pattern)).collect();
    let rows: Vec<String> =
        ROWS.iter().map(|(method, pattern, ..)| format!("{method} {pattern}")).collect();
    let missing: Vec<_> = served.iter().filter(|one| !rows.contains(one)).collect();
    let stale: Vec<_> = rows.iter().filter(|one| !served.contains(one)).collect();
    assert!(missing.is_empty() && stale.is_empty(), "no row: {missing:?}; not served: {stale:?}");
    assert_eq!(rows.len(), served.len(), "one row each");
    let by_token = served.iter().filter(|one| one.contains(" /api/v1/"));
    for one in by_token {
        let scoped = SCOPES.iter().any(|(method, path, ..)| *one == format!("{method} {path}"));
        assert!(scoped, "{one}: which scopes reach it?");
    }
}

#[tokio::test]
async fn everyone_is_answered_as_the_table_says_and_a_denied_request_changes_nothing() {
    let site = Site::open().await;
    let hash = testat::web::passwords::hash_now(PASSWORD).unwrap();
    site.restore(&hash).await;
    let described = reqwest::get(site.app.url("/api/openapi.json")).await.unwrap();
    let described: serde_json::Value = described.json().await.unwrap();
    let mut wrong = Vec::new();
    for row in ROWS {
        let (method, pattern, _, expected) = *row;
        for (who, expected) in WHO.into_iter().zip(expected) {
            let path = site.filled(pattern).await;
            let request = site.request(*row, who, &path).await;
            let before = site.memory().await;
            let response = request.send().await.unwrap();
            let mut got = response.status().as_u16();
            let to = response.headers().get("location").and_then(|to| to.to_str().ok());
            if who.is_none() && to.is_some_and(|to| to.starts_with("/sign-in")) {
                got = 401;
            }
            if got != expected {
                wrong.push(format!("{method} {pattern} by {who:?}: {got}, not {expected}"));
            }
            if pattern.starts_with("/api/v1/") {
                let operation = &described["paths"][pattern][method.to_lowercase()];
                if operation["responses"].get(got.to_string()).is_none() {
                    wrong.push(format!("{method} {pattern}: {got} is not described"));
                }
            }
            if got >= 400 && site.memory().await != before {
                wrong.push(format!("{method} {pattern} by {who:?}: {got}, and something changed"));
            }
            drop(response);
            site.settle().await;
        }
        if pattern.contains("password") || pattern.starts_with("/welcome") {
            site.restore(&hash).await;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_token_reaches_as_far_as_its_scope() {
    let site = Site::open().await;
    let mut wrong = Vec::new();
    for (method, pattern, email, expected) in SCOPES {
        for (scope, expected) in
            [Scope::Read, Scope::Submit, Scope::Staff].into_iter().zip(expected)
        {
            let token = site.app.scoped(email, scope).await;
            let path = site.app.url(&site.filled(pattern).await);
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let body = if method == Method::POST { File("archive") } else { Body::None };
            let before = site.app.archives_kept();
            let request = with_body(site.client.request(method, path).bearer_auth(token), body, "");
            let response = request.send().await.unwrap();
            let got = response.status().as_u16();
            if got != *expected {
                wrong.push(format!("{pattern} with {scope}: {got}, not {expected}"));
            }
            if got == 403 {
                let said = response.text().await.unwrap();
                assert!(said.contains(scope.as_str()), "names the scope: {said}");
                assert_eq!(site.app.archives_kept(), before);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn another_method_is_told_which_there_are() {
    let app = TestApp::started().await;
    for (path, allow) in [
        ("/api/v1/me", "GET, HEAD"),
        ("/api/v1/semesters/HS2026/projects/backprop/submissions", "GET, HEAD, POST"),
        ("/sign-in", "GET, HEAD, POST"),
    ] {
        let request = Client::new().put(app.url(path)).header("sec-fetch-site", "same-origin");
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &allow.parse().unwrap())
        );
    }
}

/// What changes something without a person's form, and why it needs no token of one.
const WITHOUT_FORM_TOKEN: [&str; 2] = ["/sign-in", "/welcome/{secret}"];

#[tokio::test]
async fn no_other_site_can_make_a_browser_change_anything() {
    let site = Site::open().await;
    let ada = site.app.person(ADA).await;
    let other = SecretHash::of(&format!("form token of {}", site.session(&ada).await)).to_string();
    for (_, pattern, body, _) in ROWS
        .iter()
        .filter(|(method, pattern, ..)| *method == "POST" && !pattern.starts_with("/api/"))
    {
        // By someone who may do all of it.
        let email =
            if *body == File("archive") || pattern.contains("tokens/") { ADA } else { OFFICE };
        let session = site.session(&site.app.person(email).await).await;
        let own = SecretHash::of(&format!("form token of {session}")).to_string();
        let path = site.filled(pattern).await;
        let before = site.memory().await;
        let send = async |from: Option<(&str, &str)>, token: &str| {
            let request = site.client.post(site.app.url(&path));
            let request = request.header("cookie", format!("testat={session}"));
            let request = from.into_iter().fold(request, |r, (name, value)| r.header(name, value));
            with_body(request, *body, token).send().await.unwrap().status().as_u16()
        };
        for from in [
            None,
            Some(("sec-fetch-site", "cross-site")),
            Some(("sec-fetch-site", "same-site")),
            Some(("origin", "http://evil.example")),
            Some(("origin", "null")),
        ] {
            assert_eq!(send(from, &own).await, 403, "{pattern} from {from:?}");
        }
        if !WITHOUT_FORM_TOKEN.contains(pattern) {
            for token in ["", "none", other.as_str()] {
                let got = send(Some(("sec-fetch-site", "same-origin")), token).await;
                assert_eq!(got, 400, "{pattern} with the form token {token:?}");
            }
        }
        assert!(site.memory().await == before, "{pattern} changed something");
    }
}
