//! What a request has the database do: every statement, as PostgreSQL itself logs it. Times of a busy machine differ from
//! run to run; these do not.

use super::server::Server;
use super::{seconds, until};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use std::path::PathBuf;

/// Reads the log of the server's own cluster.
pub struct Statements {
    sql: PgConnection,
    log: PathBuf,
    /// Whose statements count; empty for everybody's.
    user: &'static str,
    marks: u32,
    /// What of the log was read.
    seen: usize,
}

impl Statements {
    /// Has everything logged from now on. Only what `user` asks for counts: other processes work beside.
    pub async fn logged(server: &Server, user: &'static str) -> Self {
        let mut sql = server.sql().await;
        for statement in ["alter system set log_statement = 'all'", "select pg_reload_conf()"] {
            sql.execute(statement).await.unwrap();
        }
        let log = server.data_dir().join("postgres/log");
        let mut statements = Self { sql, log, user, marks: 0, seen: 0 };
        // The new setting takes a moment to get around.
        until("statements are logged", seconds(20), async || {
            statements.mark().await;
            statements.text().contains(&statements.marker()).then_some(())
        })
        .await;
        statements.since().await;
        statements
    }

    /// What was asked for while `work` was done, sorted: statements that run beside each other have no order.
    pub async fn of<T>(&mut self, work: impl Future<Output = T>) -> (T, Vec<String>) {
        self.since().await;
        let done = work.await;
        let mut statements = self.since().await;
        statements.sort_unstable();
        (done, statements)
    }

    /// Statements since this was last asked.
    async fn since(&mut self) -> Vec<String> {
        self.mark().await;
        let (marker, from) = (self.marker(), self.seen);
        let (text, end) = until("the log is written", seconds(20), async || {
            let text = self.text();
            let at = from + text.get(from..)?.find(&marker)?;
            let end = at + text[at..].find('\n')? + 1;
            // The mark's own line is nobody's.
            let before = text[from..at].rfind('\n').map_or(from, |last| from + last + 1);
            Some((text[from..before].to_owned(), end))
        })
        .await;
        self.seen = end;
        read(&text, self.user)
    }

    async fn mark(&mut self) {
        self.marks += 1;
        let marker = AssertSqlSafe(format!("select '{}'", self.marker()));
        self.sql.execute(marker).await.unwrap();
    }

    fn marker(&self) -> String {
        format!("mark {}.", self.marks)
    }

    /// The whole log; of the days that a test may reach into, in order.
    fn text(&self) -> String {
        let mut files: Vec<_> = std::fs::read_dir(&self.log).unwrap().map(|entry| entry.unwrap()).collect();
        files.sort_by_key(|file| file.metadata().and_then(|file| file.modified()).unwrap());
        files.iter().map(|file| String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned()).collect()
    }
}

/// Statements of a stretch of the log, without their names and line ends.
fn read(text: &str, user: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    let mut counts = false;
    for line in text.lines() {
        // Further lines of a statement begin with a tab.
        if let Some(more) = line.strip_prefix('\t') {
            if let Some(statement) = statements.last_mut().filter(|_| counts) {
                statement.push(' ');
                statement.push_str(more.trim());
            }
            continue;
        }
        counts = false;
        let Some((head, told)) = line.split_once(" LOG:  ") else { continue };
        let statement = told
            .strip_prefix("statement: ")
            .or_else(|| told.strip_prefix("execute ")?.split_once(": ").map(|(_, it)| it));
        // What a refusal undoes is undone when its connection goes back, behind the answer.
        let statement = statement.filter(|statement| *statement != "rollback");
        if let Some(statement) = statement.filter(|_| user.is_empty() || head.ends_with(user)) {
            counts = true;
            statements.push(statement.trim().to_owned());
        }
    }
    statements
}
