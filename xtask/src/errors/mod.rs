//! `docs/errors.md`: every code that an answer can carry, its status, what it says and which crates raise it. The code
//! is the source: where an error is raised its kind, code and sentence stand side by side.

mod scan;

use crate::run::{Done, root};
use scan::{Found, Role, scan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The file, from the root.
pub const FILE: &str = "docs/errors.md";

/// Kinds of `kernel::Error` and their status.
const STATUSES: &[(&str, u16)] = &[
    ("BadRequest", 400),
    ("Unauthenticated", 401),
    ("Forbidden", 403),
    ("NotFound", 404),
    ("Conflict", 409),
    ("Gone", 410),
    ("PreconditionFailed", 412),
    ("TooLarge", 413),
    ("UnsupportedMediaType", 415),
    ("Invalid", 422),
    ("PreconditionRequired", 428),
    ("TooManyRequests", 429),
    ("Internal", 500),
    ("Unavailable", 503),
];

/// Codes whose answer has a status that no kind of error has.
const OWN_STATUSES: &[(&str, u16)] = &[("METHOD_NOT_ALLOWED", 405), ("REQUEST_TIMEOUT", 408), ("TIMEOUT", 504)];

/// Files whose tables of codes do not repeat what all of them are.
const TABLES: &[(&str, Role<'static>)] = &[
    ("kernel/src/access.rs", Role::Answer("Forbidden")),
    ("http_kit/src/query.rs", Role::Answer("BadRequest")),
    ("http_kit/src/json.rs", Role::Field),
];

/// Crates where a text in capitals is the name of a variable or a file and no code.
const WITHOUT_OTHERS: &[&str] = &["balcao", "store", "telemetry", "outbound"];

/// Codes that several crates raise, or that are put together from parts, and what they mean everywhere.
const MEANINGS: &[(&str, &str)] = &[
    ("ACCOUNT_NOT_ACTIVE", "The channel account is not active, and this needs one that is."),
    ("CAPABILITY_MISSING", "The channel cannot carry this."),
    ("CURSOR_INVALID", "This cursor was not made for this list."),
    ("DUPLICATE_FIELD", "The field stands there twice."),
    ("DATES_REVERSED", "The end lies before the beginning."),
    ("DOMAIN_INVALID", "This is not the name of a domain."),
    ("EMAIL_INVALID", "This is not an e-mail address."),
    ("EXPORT_EXPIRED", "The export could be fetched for a time, and that is over; ask for another."),
    ("EXPORT_NOT_READY", "The export is still being made."),
    ("FIELD_MASKED", "The value is shown masked to you, so you can neither write, sort nor search it."),
    ("INVALID_PARAMETER", "A parameter of the query has a bad value; `errors` names it."),
    ("INVALID_VALUE", "The value cannot be read as what belongs here."),
    ("MALFORMED_JSON", "The body is not JSON; the detail says where it breaks."),
    ("MEDIA_UNAVAILABLE", "The provider does not hand out the file now."),
    ("OIDC_PROVIDER_UNREACHABLE", "The identity provider does not answer, or not as one."),
    ("ON_BEHALF_NOT_ALLOWED", "Only an API key names somebody else, and only for what that member may do as well."),
    ("PASSWORD_TOO_SHORT", "The password is shorter than the organization asks for."),
    ("RATE_LIMITED", "Too many in too short a time; wait as long as the answer says."),
    ("ROLE_NAME_TAKEN", "A role has this name, whatever its case."),
    ("SCOPE_INVALID", "The scope needs an id and has none, or has one and needs none, or names nothing here."),
    ("TOO_MANY_CONNECTIONS", "This person, this organization or this node has too many connections."),
    ("UNKNOWN_FIELD", "There is no field of this name here."),
];

/// Crates that are no domain: what they raise is for all.
const GROUND: &[&str] = &["kernel", "store", "http_kit", "realtime", "files", "outbound"];

/// One code over the whole house.
#[derive(Default)]
struct Code {
    statuses: BTreeSet<u16>,
    words: BTreeSet<String>,
    crates: BTreeSet<String>,
}

/// The codes of answers, of wrong fields and of refused sockets.
#[derive(Default)]
struct Codes {
    answers: BTreeMap<String, Code>,
    fields: BTreeMap<String, Code>,
    sockets: BTreeMap<String, Code>,
    others: BTreeMap<String, Code>,
}

/// Writes the file anew; refuses when a code means two things.
pub fn generate() -> Done {
    let mut codes = Codes::default();
    for entry in std::fs::read_dir(root().join("crates"))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "testkit" {
            continue;
        }
        for file in sources(&entry.path().join("src"))? {
            let text = std::fs::read_to_string(&file)?;
            let table = TABLES.iter().find(|(end, _)| file.ends_with(end)).map(|(_, role)| *role);
            for found in scan(&text, table) {
                codes.take(&name, &found)?;
            }
        }
    }
    crate::check::findings("error codes", codes.wrong())?;
    Ok(std::fs::write(root().join(FILE), codes.document())?)
}

impl Codes {
    fn take(&mut self, crate_name: &str, found: &Found<'_>) -> Done {
        let (list, status) = match found.role {
            Role::Field => (&mut self.fields, 422),
            Role::Socket => (&mut self.sockets, 0),
            Role::Other if WITHOUT_OTHERS.contains(&crate_name) => return Ok(()),
            Role::Other => (&mut self.others, 0),
            Role::Answer(kind) => {
                let status = STATUSES.iter().find(|(name, _)| *name == kind);
                let status = status.ok_or_else(|| format!("{}: {kind} is no kind of error", found.code))?;
                (&mut self.answers, status.1)
            }
        };
        let code = list.entry(found.code.to_owned()).or_default();
        code.statuses.insert(status);
        code.words.extend(found.words.clone());
        code.crates.insert(crate_name.to_owned());
        Ok(())
    }

    /// What keeps a code from meaning one thing.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, code) in &self.answers {
            let told = MEANINGS.iter().any(|(known, _)| known == name);
            if code.statuses.len() > 1 {
                wrong.push(format!("{name} has several statuses: {:?}", code.statuses));
            }
            if code.words.is_empty() && !told {
                wrong.push(format!("{name} has no sentence beside it: give it one, or a meaning in xtask/src/errors"));
            }
            let domains: Vec<&String> = code.crates.iter().filter(|name| !GROUND.contains(&name.as_str())).collect();
            let general = domains.len() < code.crates.len();
            if domains.len() > 1 && !general && code.words.len() > 1 && !told {
                wrong.push(format!("{name} is raised by {domains:?} in different words: does it mean one thing?"));
            }
        }
        let parts = self.fields.iter().chain(&self.sockets);
        let silent =
            parts.filter(|(name, code)| code.words.is_empty() && !MEANINGS.iter().any(|(known, _)| known == name));
        wrong.extend(silent.map(|(name, _)| format!("{name} needs a meaning in xtask/src/errors")));
        // INVALID_CURSOR beside CURSOR_INVALID.
        let mut by_words: BTreeMap<Vec<&str>, &str> = BTreeMap::new();
        for name in self.answers.keys() {
            let mut words: Vec<&str> = name.split('_').collect();
            words.sort_unstable();
            if let Some(other) = by_words.insert(words, name) {
                wrong.push(format!("{other} and {name} are two names of one thing"));
            }
        }
        let known =
            |name: &str| [&self.answers, &self.fields, &self.sockets].iter().any(|list| list.contains_key(name));
        wrong.extend(
            MEANINGS.iter().filter(|(name, _)| !known(name)).map(|(name, _)| format!("{name} is raised no more")),
        );
        wrong
    }

    fn document(&self) -> String {
        let mut text = String::from(
            "# Error codes\n\nBy `cargo xtask gen errors`; do not edit. Codes are stable, sentences are not. How an answer looks is in the\n\
             OpenAPI document; events of sockets are refused with the same codes in `error.code`.\n\n\
             ## Answers\n\n| code | status | what it says | raised by |\n| --- | --- | --- | --- |\n",
        );
        for (name, code) in &self.answers {
            let own = OWN_STATUSES.iter().find(|(known, _)| known == name).map(|(_, status)| *status);
            let status = own.or_else(|| code.statuses.first().copied()).unwrap_or_default();
            text += &format!("| `{name}` | {status} | {} | {} |\n", code.meaning(name), code.raised_by());
        }
        text += "\n## Wrong fields\n\nIn `errors[].code` of an answer, most often of `VALIDATION_FAILED`.\n\n| code | what it says | raised by |\n| --- | --- | --- |\n";
        for (name, code) in &self.fields {
            text += &format!("| `{name}` | {} | {} |\n", code.meaning(name), code.raised_by());
        }
        text += "\n## Sockets\n\nIn `data.code` of a refused connection, or in the last event before the server ends one.\n\n| code | what it says |\n| --- | --- |\n";
        for (name, code) in &self.sockets {
            text += &format!("| `{name}` | {} |\n", code.meaning(name));
        }
        text += "\n## Elsewhere\n\nWhy a message waits or failed, why an account stopped, and other places that show a code which no answer carries.\n\n";
        let answered = |name: &str| self.answers.contains_key(name) || self.fields.contains_key(name);
        for (name, code) in self.others.iter().filter(|(name, _)| !answered(name) && !self.sockets.contains_key(*name))
        {
            text += &format!("- `{name}` ({})\n", code.raised_by());
        }
        text
    }
}

impl Code {
    fn meaning(&self, name: &str) -> String {
        let told = MEANINGS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| (*meaning).to_owned());
        let words = || self.words.iter().cloned().collect::<Vec<_>>().join(" / ");
        told.unwrap_or_else(words).replace('|', "\\|")
    }

    fn raised_by(&self) -> String {
        self.crates.iter().cloned().collect::<Vec<_>>().join(", ")
    }
}

fn sources(folder: &Path) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::Codes;
    use super::scan::scan;

    fn wrong(sources: &[(&str, &str)]) -> Vec<String> {
        let mut codes = Codes::default();
        for (name, source) in sources {
            for found in scan(source, None) {
                codes.take(name, &found).unwrap();
            }
        }
        codes.wrong().into_iter().filter(|line| !line.ends_with("is raised no more")).collect()
    }

    #[test]
    fn a_code_means_one_thing() {
        let one = ("contacts", "Error::new(ErrorKind::Conflict, \"THING_BUSY\", \"It is busy.\")");
        assert!(wrong(&[one, one]).is_empty());
        for other in [
            ("contacts", "Error::new(ErrorKind::Unavailable, \"THING_BUSY\", \"It is busy.\")"),
            ("messaging", "Error::new(ErrorKind::Conflict, \"THING_BUSY\", \"The number is engaged.\")"),
            ("contacts", "Error::new(ErrorKind::Conflict, \"BUSY_THING\", \"It is busy.\")"),
            ("contacts", "Error::new(ErrorKind::Conflict, \"NO_SENTENCE\", text)"),
        ] {
            assert_eq!(wrong(&[one, other]).len(), 1, "{other:?}");
        }
    }
}
