//! The verdict of each check, and of all checks: recorded, printed, and turned into an exit status.

use std::io::{self, IsTerminal};
use std::time::Instant;

use serde::Serialize;

use super::finding::Finding;
use crate::exit::ExitStatus;
use crate::output::{Writer, is_coloured, safe, terminal_size, wrapped};

/// Columns if stdout is not a terminal, and at least in a terminal.
const COLUMNS: usize = 80;
/// Columns before the text of a check: verdict and name.
const INDENT: usize = 20;

/// What a check is about, besides its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ws_key: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pool: Option<&'static str>,
}

impl Subject {
    pub(super) fn host(host: &str) -> Self {
        let host = Some(host.to_owned());
        Self {
            host,
            ..Self::default()
        }
    }

    /// Returns the most exact part besides the connection, which is in the heading.
    fn text(&self) -> &str {
        let parts = [
            self.topic.as_deref(),
            self.path.as_deref(),
            self.pool,
            self.host.as_deref(),
        ];
        parts.into_iter().flatten().next().unwrap_or_default()
    }
}

/// A check: its name and what it is about.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) subject: Subject,
}

impl Check {
    pub(super) fn new(name: &'static str) -> Self {
        Self::about(name, Subject::default())
    }

    pub(super) fn about(name: &'static str, subject: Subject) -> Self {
        Self { name, subject }
    }

    /// Returns name and subject, as in `tcp api.kucoin.com` or `heartbeat spotPrivateV1`.
    fn title(&self) -> String {
        let subject = match (self.subject.text(), self.subject.ws_key) {
            ("", ws_key) => ws_key.unwrap_or_default(),
            (text, _) => text,
        };
        format!("{} {subject}", self.name).trim_end().to_owned()
    }
}

/// Number of a failed check, as the reason why others are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CauseId(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// A check and its finding, as in `--json`.
#[derive(Serialize)]
struct CheckFields<'r> {
    check: &'static str,
    #[serde(flatten)]
    subject: &'r Subject,
    #[serde(flatten)]
    finding: Finding,
}

/// One line of `--json`.
#[derive(Serialize)]
#[serde(
    tag = "kind",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
enum Line<'r> {
    Check {
        #[serde(flatten)]
        fields: CheckFields<'r>,
        verdict: Verdict,
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
        took_ms: u64,
    },
    Summary {
        verdict: Verdict,
        exit_status: u8,
        ok: usize,
        warnings: usize,
        failed: usize,
        skipped: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        root_cause: Option<CheckFields<'r>>,
    },
}

/// A check that failed, or that has a warning.
struct Problem {
    check: Check,
    finding: Finding,
    verdict: Verdict,
    /// Number of checks that are skipped because of it.
    blocks: usize,
}

/// Records and prints the checks.
pub(super) struct Report {
    writer: Writer,
    is_json: bool,
    shows_progress: bool,
    is_coloured: bool,
    columns: usize,
    /// Secrets that must not be printed, should a server repeat them.
    secrets: Vec<String>,
    group: &'static str,
    began: Instant,
    ok: usize,
    skipped: usize,
    problems: Vec<Problem>,
    /// The check that runs.
    running: Option<String>,
    /// Skipped checks of the group that are not printed yet, and their cause.
    folded: Option<(CauseId, Vec<String>)>,
}

impl Report {
    pub(super) fn new(is_json: bool) -> io::Result<Self> {
        let columns = terminal_size().map_or(COLUMNS, |(columns, _)| usize::from(columns));
        let is_terminal = io::stdout().is_terminal();
        Ok(Self {
            writer: Writer::to_stdout()?,
            is_json,
            shows_progress: !is_json && is_terminal,
            is_coloured: !is_json && is_coloured(),
            columns: match is_terminal {
                true => columns.max(COLUMNS),
                false => COLUMNS,
            },
            secrets: Vec::new(),
            group: "",
            began: Instant::now(),
            ok: 0,
            skipped: 0,
            problems: Vec::new(),
            running: None,
            folded: None,
        })
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Never prints this text. Short texts would hide too much; no secret of KuCoin is short.
    pub(super) fn hide(&mut self, secret: impl Into<String>) {
        let secret = secret.into();
        if secret.len() >= 6 {
            self.secrets.push(secret);
        }
    }

    /// Starts a group of checks.
    pub(super) fn group(&mut self, name: &'static str) {
        self.unfold();
        self.group = name;
    }

    /// Shows on a terminal that a check runs.
    pub(super) fn begin(&mut self, check: &Check) {
        self.began = Instant::now();
        let title = safe(&self.hidden(&check.title()));
        if self.shows_progress {
            let line = format!("  ..    {title}");
            let line = crate::output::shortened(&line, self.columns - 1);
            self.writer.push(format!("\r\x1b[K{line}").as_bytes(), &[]);
        }
        self.running = Some(title);
    }

    pub(super) fn ok(&mut self, check: Check, text: impl Into<String>) {
        self.ok += 1;
        self.print(&check, Verdict::Ok, &Finding::new(text), None);
    }

    pub(super) fn warning(&mut self, check: Check, finding: Finding) {
        self.problem(check, finding, Verdict::Warning);
    }

    pub(super) fn failed(&mut self, check: Check, finding: Finding) -> CauseId {
        self.problem(check, finding, Verdict::Failed)
    }

    fn problem(&mut self, check: Check, finding: Finding, verdict: Verdict) -> CauseId {
        self.print(&check, verdict, &finding, None);
        self.problems.push(Problem {
            check,
            finding,
            verdict,
            blocks: 0,
        });
        CauseId(self.problems.len() - 1)
    }

    /// Records a check that cannot run because another one failed.
    pub(super) fn skipped(&mut self, check: Check, cause: CauseId) {
        self.skipped += 1;
        self.problems[cause.0].blocks += 1;
        if self.is_json {
            let title = self.problems[cause.0].check.title();
            let text = format!("not checked, because `{title}` failed");
            return self.print(&check, Verdict::Skipped, &Finding::new(text), Some(title));
        }
        if self
            .folded
            .as_ref()
            .is_some_and(|(known, _)| *known != cause)
        {
            self.unfold();
        }
        let label = match (check.name, check.subject.text(), check.subject.ws_key) {
            ("query" | "topic", text, _) if !text.is_empty() => text.to_owned(),
            ("query", _, Some(ws_key)) => format!("queries for {ws_key}"),
            ("topic", ..) => "topics".to_owned(),
            (name, ..) => name.to_owned(),
        };
        let folded = self.folded.get_or_insert((cause, Vec::new()));
        folded.1.push(label);
    }

    /// Prints the skipped checks in one line.
    fn unfold(&mut self) {
        if let Some((cause, labels)) = self.folded.take() {
            let title = self.problems[cause.0].check.title();
            let text = format!(
                "{}: not checked, because `{title}` failed",
                labels.join(", ")
            );
            let text = self.pretty(
                "",
                Verdict::Skipped,
                &Subject::default(),
                &Finding::new(text),
            );
            self.writer.push(text.as_bytes(), &[]);
        }
    }

    /// Records a check that this account does not need.
    pub(super) fn not_needed(&mut self, check: Check, why: &str) {
        self.skipped += 1;
        self.print(&check, Verdict::Skipped, &Finding::new(why), None);
    }

    /// Prints the verdict of all checks, and returns the exit status; `None` for 0.
    pub(super) fn finish(&mut self) -> Option<ExitStatus> {
        self.unfold();
        let count = |verdict| {
            let problems = self.problems.iter();
            problems.filter(|it| it.verdict == verdict).count()
        };
        let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
        let root = self.root_cause();
        let status = root.filter(|root| root.verdict == Verdict::Failed);
        let status = status.map(|root| root.finding.status);
        let verdict = root.map_or(Verdict::Ok, |root| root.verdict);
        let text = if self.is_json {
            let line = Line::Summary {
                verdict,
                exit_status: status.map_or(0, |status| status as u8),
                ok: self.ok,
                warnings,
                failed,
                skipped: self.skipped,
                root_cause: root.map(|root| self.fields(&root.check, &root.finding)),
            };
            json(&line)
        } else {
            let text = match (root, verdict) {
                (Some(root), Verdict::Failed) => {
                    let more = match failed - 1 {
                        0 => String::new(),
                        1 => " (1 more check failed)".to_owned(),
                        more => format!(" ({more} more checks failed)"),
                    };
                    let cause = root.finding.text();
                    let title = match cause.contains(root.check.subject.text()) {
                        true if root.check.subject.ws_key.is_none() => root.check.name.to_owned(),
                        _ => root.check.title(),
                    };
                    format!("failed: {title}: {cause}{more}")
                }
                (Some(_), _) => {
                    let plural = if warnings == 1 { "warning" } else { "warnings" };
                    format!("good, with {warnings} {plural} ({} checks ok)", self.ok)
                }
                (None, _) => format!("all good ({} checks ok)", self.ok),
            };
            let mut text = self.lines("Verdict: ", &safe(&self.hidden(&text)));
            text = text.replacen("Verdict:", &self.paint(verdict, "Verdict:"), 1);
            format!("{}\n{text}", self.cleared())
        };
        self.writer.push(text.as_bytes(), &[]);
        status
    }

    /// Prints that the checks were interrupted.
    pub(super) fn interrupted(&mut self, signal: &str) -> String {
        if self.shows_progress {
            self.writer.push(b"\r\x1b[K", &[]);
        }
        match &self.running {
            Some(check) => {
                format!("{signal} during the check `{check}`; the checks are incomplete")
            }
            None => format!("{signal}; the checks are incomplete"),
        }
    }

    /// Returns the failed check that blocks most others, else the first; if none failed, the first warning.
    fn root_cause(&self) -> Option<&Problem> {
        let failed = || {
            let problems = self.problems.iter();
            problems.filter(|it| it.verdict == Verdict::Failed)
        };
        let blocking = failed().find(|problem| problem.blocks > 0);
        blocking
            .or_else(|| failed().next())
            .or_else(|| self.problems.first())
    }

    fn print(&mut self, check: &Check, verdict: Verdict, finding: &Finding, cause: Option<String>) {
        self.unfold();
        self.running = None;
        let fields = self.fields(check, finding);
        let text = match self.is_json {
            true => json(&Line::Check {
                fields,
                verdict,
                cause,
                took_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            }),
            false => self.pretty(check.name, verdict, &check.subject, &fields.finding),
        };
        self.writer.push(text.as_bytes(), &[]);
        self.began = Instant::now();
    }

    fn pretty(
        &mut self,
        name: &str,
        verdict: Verdict,
        subject: &Subject,
        finding: &Finding,
    ) -> String {
        let mark = match verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warn",
            Verdict::Failed => "FAIL",
            Verdict::Skipped => "skip",
        };
        let subject = subject.text();
        let text = match (subject, finding.text().contains(subject)) {
            ("", _) | (_, true) => finding.text(),
            (subject, false) if finding.message.is_empty() => subject.to_owned(),
            (subject, false) => format!("{subject}: {}", finding.text()),
        };
        let head = match name {
            "" => format!("  {mark:<5} "),
            name => format!("  {mark:<5} {name:<11} "),
        };
        let text = self.lines(&head, &safe(&text));
        let text = text.replacen(mark, &self.paint(verdict, mark), 1);
        let group = std::mem::take(&mut self.group);
        match group {
            "" => format!("{}{text}", self.cleared()),
            group => format!("{}{group}\n{text}", self.cleared()),
        }
    }

    /// Returns a head and a text in lines of the width of the terminal.
    fn lines(&self, head: &str, text: &str) -> String {
        let indent = head.len().min(INDENT);
        let room = self.columns - head.len().max(indent);
        let mut lines = wrapped(text, Some(room)).into_iter();
        let first = format!("{head}{}", lines.next().unwrap_or_default());
        lines.fold(first.trim_end().to_owned() + "\n", |all, line| {
            format!("{all}{:indent$}{line}\n", "")
        })
    }

    /// Returns what removes the line of the running check.
    fn cleared(&self) -> &'static str {
        match self.shows_progress {
            true => "\r\x1b[K",
            false => "",
        }
    }

    fn paint(&self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Ok => "32",
            Verdict::Warning => "33",
            Verdict::Failed => "31",
            Verdict::Skipped => "2",
        };
        match self.is_coloured {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn fields<'r>(&self, check: &'r Check, finding: &Finding) -> CheckFields<'r> {
        CheckFields {
            check: check.name,
            subject: &check.subject,
            finding: finding.map(|text| self.hidden(text)),
        }
    }

    fn hidden(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), "[redacted]")
        })
    }
}

fn json(line: &impl Serialize) -> String {
    // Cannot fail: all keys are strings.
    let line = serde_json::to_string(line).unwrap_or_default();
    line + "\n"
}
