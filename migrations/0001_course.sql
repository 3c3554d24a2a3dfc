-- The whole of Testat's memory, in SQL that SQLite and PostgreSQL read alike.
-- Times are epoch milliseconds UTC and ids UUIDv7 text, both made by the program. Nothing that a
-- person decided is deleted: it is taken back, with who and when beside it.

-- A human with a sign-in. The e-mail is stored lower-cased.
CREATE TABLE people (
    id            TEXT    PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    family_name   TEXT    NOT NULL,
    first_name    TEXT    NOT NULL,
    admin         BOOLEAN NOT NULL,
    password_hash TEXT,
    created_at    BIGINT  NOT NULL
);

-- A signed-in browser. Only the hash of its secret is known here.
CREATE TABLE sessions (
    secret_hash TEXT   PRIMARY KEY,
    person      TEXT   NOT NULL REFERENCES people (id),
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL
);
CREATE INDEX sessions_of_person ON sessions (person);

-- A bearer token of the API: what it lends of its owner's rights, until when, and who used it last.
CREATE TABLE tokens (
    id             TEXT   PRIMARY KEY,
    person         TEXT   NOT NULL REFERENCES people (id),
    name           TEXT   NOT NULL,
    scope          TEXT   NOT NULL CHECK (scope IN ('read', 'submit', 'staff')),
    secret_hash    TEXT   NOT NULL UNIQUE,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    last_used_at   BIGINT,
    last_used_from TEXT,
    revoked_at     BIGINT
);
CREATE INDEX tokens_of_person ON tokens (person, created_at);

-- A one-time link with which a person sets a password.
CREATE TABLE invitations (
    secret_hash TEXT   PRIMARY KEY,
    person      TEXT   NOT NULL REFERENCES people (id),
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT
);
CREATE INDEX invitations_of_person ON invitations (person);

-- Sign-ins that failed, by network address and by account, for as long as they slow the next one.
-- What each host that grades last found when it attacked itself.
CREATE TABLE self_attacks (
    host     TEXT    PRIMARY KEY,
    at       BIGINT  NOT NULL,
    passed   BOOLEAN NOT NULL,
    findings TEXT    NOT NULL
);

CREATE TABLE sign_in_failures (
    id      TEXT   PRIMARY KEY,
    kind    TEXT   NOT NULL CHECK (kind IN ('address', 'account')),
    subject TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_of_subject ON sign_in_failures (kind, subject, at);
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (at);

-- One run of the course: its rule "needed of total" and its limits are data.
CREATE TABLE semesters (
    name          TEXT   PRIMARY KEY,
    first_lecture TEXT   NOT NULL,
    starts_at     BIGINT NOT NULL,
    needed        BIGINT NOT NULL CHECK (needed >= 1),
    total         BIGINT NOT NULL CHECK (total >= needed),
    daily_limit   BIGINT NOT NULL CHECK (daily_limit >= 1),
    created_at    BIGINT NOT NULL
);
CREATE INDEX semesters_by_start ON semesters (starts_at);

CREATE TABLE projects (
    semester TEXT   NOT NULL REFERENCES semesters (name),
    number   BIGINT NOT NULL CHECK (number BETWEEN 1 AND 99),
    slug     TEXT   NOT NULL,
    title    TEXT   NOT NULL,
    opens    BIGINT NOT NULL,
    due      BIGINT NOT NULL CHECK (due >= opens),
    PRIMARY KEY (semester, number),
    UNIQUE (semester, slug)
);

-- A person in one semester. The Legi number, not the e-mail, makes a student the same one in
-- another semester.
CREATE TABLE enrolments (
    id          TEXT   PRIMARY KEY,
    semester    TEXT   NOT NULL REFERENCES semesters (name),
    person      TEXT   NOT NULL REFERENCES people (id),
    role        TEXT   NOT NULL CHECK (role IN ('student', 'instructor')),
    legi        TEXT,
    department  TEXT   NOT NULL,
    level       TEXT   NOT NULL,
    handed_in   BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    UNIQUE (semester, person),
    UNIQUE (semester, legi),
    CHECK (role = 'instructor' OR legi IS NOT NULL)
);
CREATE INDEX enrolments_of_person ON enrolments (person);
CREATE INDEX enrolments_of_legi ON enrolments (legi);

-- More time for one student and project. The last one that stands holds.
CREATE TABLE extensions (
    id         TEXT   PRIMARY KEY,
    semester   TEXT   NOT NULL,
    project    BIGINT NOT NULL,
    person     TEXT   NOT NULL,
    due        BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    given_by   TEXT   NOT NULL REFERENCES people (id),
    given_at   BIGINT NOT NULL,
    revoked_by TEXT   REFERENCES people (id),
    revoked_at BIGINT,
    FOREIGN KEY (semester, project) REFERENCES projects (semester, number),
    FOREIGN KEY (semester, person) REFERENCES enrolments (semester, person)
);
CREATE UNIQUE INDEX extensions_standing ON extensions (semester, person, project) WHERE revoked_at IS NULL;

-- One upload, kept for ever as received under its digest. `late` is what was decided when it came.
-- `upload_key` is the sender's name for this attempt: the same key again is the same submission.
CREATE TABLE submissions (
    id          TEXT    PRIMARY KEY,
    semester    TEXT    NOT NULL,
    project     BIGINT  NOT NULL,
    person      TEXT    NOT NULL,
    number      BIGINT  NOT NULL,
    digest      TEXT    NOT NULL,
    size        BIGINT  NOT NULL,
    file_name   TEXT    NOT NULL,
    language    TEXT    NOT NULL CHECK (language IN ('python', 'rust')),
    received_at BIGINT  NOT NULL,
    late        BOOLEAN NOT NULL,
    upload_key  TEXT,
    UNIQUE (semester, person, project, number),
    FOREIGN KEY (semester, project) REFERENCES projects (semester, number),
    FOREIGN KEY (semester, person) REFERENCES enrolments (semester, person)
);
CREATE INDEX submissions_by_time ON submissions (semester, received_at);
CREATE INDEX submissions_of_blob ON submissions (digest);
CREATE UNIQUE INDEX submissions_by_key ON submissions (semester, person, project, upload_key)
    WHERE upload_key IS NOT NULL;

-- A project graded again beside what counts: then applied as a whole, which can be undone, or discarded.
CREATE TABLE regrades (
    id         TEXT   PRIMARY KEY,
    semester   TEXT   NOT NULL,
    project    BIGINT NOT NULL,
    scope      TEXT   NOT NULL CHECK (scope IN ('everyone', 'failed_by', 'students')),
    -- The check by which they failed, where that is the scope.
    failed_by  TEXT,
    seeds      TEXT   NOT NULL CHECK (seeds IN ('same', 'new')),
    reason     TEXT   NOT NULL,
    asked_by   TEXT   NOT NULL REFERENCES people (id),
    asked_at   BIGINT NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('open', 'applied', 'discarded', 'undone')),
    decided_by TEXT   REFERENCES people (id),
    decided_at BIGINT,
    undone_by  TEXT   REFERENCES people (id),
    undone_at  BIGINT,
    FOREIGN KEY (semester, project) REFERENCES projects (semester, number),
    CHECK ((scope = 'failed_by') = (failed_by IS NOT NULL)),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'undone') = (undone_at IS NOT NULL))
);
CREATE UNIQUE INDEX regrades_open ON regrades (semester, project) WHERE state = 'open';

-- One run of one grader on one submission, and its place in the queue. Semester, project and person
-- are the submission's, repeated here for the claim. `attempt` only ever rises and fences the
-- worker's writes; `faults` counts what was our fault.
-- `counts` follows from the two columns before it: what belongs to a regrade counts once that is
-- applied, and whatever an applied regrade took the place of does not. A seed may be given beforehand.
CREATE TABLE gradings (
    id             TEXT   PRIMARY KEY,
    submission     TEXT   NOT NULL REFERENCES submissions (id),
    number         BIGINT NOT NULL,
    semester       TEXT   NOT NULL,
    project        BIGINT NOT NULL,
    person         TEXT   NOT NULL,
    cause          TEXT   NOT NULL CHECK (cause IN ('upload', 'regrade')),
    state          TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'needs_attention', 'replaced')),
    queued_at      BIGINT NOT NULL,
    not_before     BIGINT NOT NULL,
    attempt        BIGINT NOT NULL DEFAULT 0,
    faults         BIGINT NOT NULL DEFAULT 0,
    fault          TEXT,
    worker         TEXT,
    lease_until    BIGINT,
    progress       TEXT,
    started_at     BIGINT,
    finished_at    BIGINT,
    seed           TEXT,
    grader_version TEXT,
    runtime        TEXT,
    verdict        TEXT   CHECK (verdict IN ('passed', 'failed')),
    regrade        TEXT   REFERENCES regrades (id),
    superseded_by  TEXT   REFERENCES regrades (id),
    counts         BOOLEAN NOT NULL,
    UNIQUE (submission, number),
    CHECK ((state = 'done') = (verdict IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
CREATE INDEX gradings_queue ON gradings (queued_at, id) WHERE state = 'waiting';
CREATE INDEX gradings_leases ON gradings (lease_until) WHERE state = 'running';
CREATE INDEX gradings_in_flight ON gradings (person) WHERE state IN ('waiting', 'running');
CREATE INDEX gradings_of_regrade ON gradings (regrade) WHERE regrade IS NOT NULL;
CREATE INDEX gradings_superseded ON gradings (superseded_by) WHERE superseded_by IS NOT NULL;
-- What gradings have taken of late is what those that wait may expect.
CREATE INDEX gradings_done ON gradings (finished_at) WHERE state = 'done';
CREATE INDEX gradings_needing_attention ON gradings (semester) WHERE state = 'needs_attention';
-- Never two running for one student and project, whatever the workers do.
CREATE UNIQUE INDEX gradings_one_running ON gradings (semester, person, project) WHERE state = 'running';

CREATE TABLE reports (
    grading TEXT PRIMARY KEY REFERENCES gradings (id),
    -- Ids of the checks that failed, a space between each: to be counted without reading the report.
    failed  TEXT NOT NULL,
    json    TEXT NOT NULL
);

-- A person's decision in place of a computed one: of a result (project given) or an admission.
CREATE TABLE overrides (
    id         TEXT   PRIMARY KEY,
    semester   TEXT   NOT NULL,
    person     TEXT   NOT NULL,
    project    BIGINT,
    decision   TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    decided_by TEXT   NOT NULL REFERENCES people (id),
    decided_at BIGINT NOT NULL,
    revoked_by TEXT   REFERENCES people (id),
    revoked_at BIGINT,
    FOREIGN KEY (semester, person) REFERENCES enrolments (semester, person),
    FOREIGN KEY (semester, project) REFERENCES projects (semester, number),
    CHECK ((project IS NOT NULL AND decision IN ('passed', 'failed'))
        OR (project IS NULL AND decision IN ('admitted', 'not_admitted')))
);
CREATE UNIQUE INDEX overrides_of_results ON overrides (semester, person, project)
    WHERE project IS NOT NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX overrides_of_admissions ON overrides (semester, person)
    WHERE project IS NULL AND revoked_at IS NULL;

-- A question of a student's about a submission, or about one check of its report.
CREATE TABLE questions (
    id         TEXT   PRIMARY KEY,
    submission TEXT   NOT NULL REFERENCES submissions (id),
    check_name TEXT,
    state      TEXT   NOT NULL CHECK (state IN ('open', 'answered', 'closed')),
    asked_at   BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX questions_of_submission ON questions (submission, asked_at);

-- What the student and the instructors write to each other in it.
CREATE TABLE question_messages (
    id         TEXT   PRIMARY KEY,
    question   TEXT   NOT NULL REFERENCES questions (id),
    author     TEXT   NOT NULL REFERENCES people (id),
    side       TEXT   NOT NULL CHECK (side IN ('student', 'staff')),
    text       TEXT   NOT NULL,
    written_at BIGINT NOT NULL
);
CREATE INDEX question_messages_in_order ON question_messages (question, written_at, id);
CREATE INDEX question_messages_of_author ON question_messages (author, written_at);

-- Letters to be sent by e-mail, each stored with what it tells of. Nothing is told twice: kind, person
-- and what it is about are a letter's name. `not_before` is also the end of a sender's lease, and
-- `tries` fences its writes.
CREATE TABLE outbox (
    id         TEXT   PRIMARY KEY,
    kind       TEXT   NOT NULL CHECK (kind IN
        ('receipt', 'verdict', 'deadline', 'answer', 'extension', 'admission', 'question')),
    person     TEXT   NOT NULL REFERENCES people (id),
    about      TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    path       TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    queued_at  BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    tries      BIGINT NOT NULL DEFAULT 0,
    fault      TEXT,
    ended_at   BIGINT,
    UNIQUE (kind, person, about),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX outbox_waiting ON outbox (not_before, id) WHERE state = 'waiting';
CREATE INDEX outbox_failed ON outbox (ended_at) WHERE state = 'failed';

-- Kinds of letters that a person does not want. Receipts always come.
CREATE TABLE mail_off (
    person TEXT NOT NULL REFERENCES people (id),
    kind   TEXT NOT NULL CHECK (kind IN
        ('verdict', 'deadline', 'answer', 'extension', 'admission', 'question')),
    PRIMARY KEY (person, kind)
);
-- What an instructor says of one line of a submission's file; the student reads it there.
CREATE TABLE line_comments (
    id           TEXT   PRIMARY KEY,
    submission   TEXT   NOT NULL REFERENCES submissions (id),
    file         TEXT   NOT NULL,
    line         BIGINT NOT NULL CHECK (line >= 1),
    author       TEXT   NOT NULL REFERENCES people (id),
    text         TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    withdrawn_by TEXT   REFERENCES people (id),
    withdrawn_at BIGINT
);
CREATE INDEX line_comments_of_submission ON line_comments (submission, file, line);

-- One search for copies among the submissions of a project, as an instructor asked for it. `attempt` only
-- ever rises and fences what is written, as with gradings.
CREATE TABLE copy_runs (
    id          TEXT   PRIMARY KEY,
    semester    TEXT   NOT NULL,
    project     BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    asked_by    TEXT   NOT NULL REFERENCES people (id),
    asked_at    BIGINT NOT NULL,
    attempt     BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT,
    compared    BIGINT NOT NULL DEFAULT 0,
    total       BIGINT NOT NULL DEFAULT 0,
    unread      BIGINT NOT NULL DEFAULT 0,
    finished_at BIGINT,
    fault       TEXT,
    FOREIGN KEY (semester, project) REFERENCES projects (semester, number),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX copy_runs_of_project ON copy_runs (semester, project, asked_at);
CREATE UNIQUE INDEX copy_runs_in_hand ON copy_runs (semester, project) WHERE state IN ('waiting', 'running');

-- Two submissions that have parts in common: how much of each (in thousandths), and where (JSON).
CREATE TABLE copy_pairs (
    id          TEXT   PRIMARY KEY,
    run         TEXT   NOT NULL REFERENCES copy_runs (id),
    left_one    TEXT   NOT NULL REFERENCES submissions (id),
    right_one   TEXT   NOT NULL REFERENCES submissions (id),
    left_share  BIGINT NOT NULL CHECK (left_share BETWEEN 0 AND 1000),
    right_share BIGINT NOT NULL CHECK (right_share BETWEEN 0 AND 1000),
    matched     BIGINT NOT NULL CHECK (matched >= 1),
    parts       TEXT   NOT NULL,
    UNIQUE (run, left_one, right_one)
);
CREATE INDEX copy_pairs_of_left ON copy_pairs (left_one);
CREATE INDEX copy_pairs_of_right ON copy_pairs (right_one);

-- That somebody has looked at two submissions. Beside the pairs, since it holds for the next search too.
CREATE TABLE copy_reviews (
    id           TEXT   PRIMARY KEY,
    left_one     TEXT   NOT NULL REFERENCES submissions (id),
    right_one    TEXT   NOT NULL REFERENCES submissions (id),
    note         TEXT   NOT NULL,
    reviewed_by  TEXT   NOT NULL REFERENCES people (id),
    reviewed_at  BIGINT NOT NULL,
    withdrawn_by TEXT   REFERENCES people (id),
    withdrawn_at BIGINT
);
CREATE UNIQUE INDEX copy_reviews_standing ON copy_reviews (left_one, right_one) WHERE withdrawn_at IS NULL;
CREATE INDEX copy_reviews_of_right ON copy_reviews (right_one);

-- What happened, in order, each line hashed together with the one before.
CREATE TABLE audit (
    seq     BIGINT PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    details TEXT   NOT NULL,
    hash    TEXT   NOT NULL UNIQUE
);
CREATE INDEX audit_of_subject ON audit (subject, seq);

-- The end of the chain: one row, whose lock puts writers in order and whose hash shows a cut tail.
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash TEXT   NOT NULL
);
INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- What instructors decide about one student's work, beside overrides and extensions.

-- A late submission that counts as if it had been on time.
CREATE TABLE acceptances (
    id         TEXT   PRIMARY KEY,
    submission TEXT   NOT NULL REFERENCES submissions (id),
    reason     TEXT   NOT NULL,
    given_by   TEXT   NOT NULL REFERENCES people (id),
    given_at   BIGINT NOT NULL,
    revoked_by TEXT   REFERENCES people (id),
    revoked_at BIGINT
);
CREATE UNIQUE INDEX acceptances_standing ON acceptances (submission) WHERE revoked_at IS NULL;

-- A project that is not counted for one student, for whom perhaps fewer are needed.
CREATE TABLE excuses (
    id         TEXT   PRIMARY KEY,
    semester   TEXT   NOT NULL,
    project    BIGINT NOT NULL,
    person     TEXT   NOT NULL,
    needed     TEXT   NOT NULL CHECK (needed IN ('stays', 'one_fewer')),
    reason     TEXT   NOT NULL,
    given_by   TEXT   NOT NULL REFERENCES people (id),
    given_at   BIGINT NOT NULL,
    revoked_by TEXT   REFERENCES people (id),
    revoked_at BIGINT,
    FOREIGN KEY (semester, project) REFERENCES projects (semester, number),
    FOREIGN KEY (semester, person) REFERENCES enrolments (semester, person)
);
CREATE UNIQUE INDEX excuses_standing ON excuses (semester, person, project) WHERE revoked_at IS NULL;

-- A project whose grading is paused: nothing of it is claimed until it is resumed.
CREATE TABLE pauses (
    id         TEXT   PRIMARY KEY,
    semester   TEXT   NOT NULL,
    project    BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    paused_by  TEXT   NOT NULL REFERENCES people (id),
    paused_at  BIGINT NOT NULL,
    resumed_by TEXT   REFERENCES people (id),
    resumed_at BIGINT,
    FOREIGN KEY (semester, project) REFERENCES projects (semester, number)
);
CREATE UNIQUE INDEX pauses_lasting ON pauses (semester, project) WHERE resumed_at IS NULL;
