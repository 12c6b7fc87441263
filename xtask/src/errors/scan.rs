//! Finds the error codes in the product's own text: each where it is raised, with what it says.

/// What a code stands for in the line that raises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role<'a> {
    /// An answer of its own, of this `ErrorKind`.
    Answer(&'a str),
    /// One wrong field in an answer.
    Field,
    /// A socket's connection is refused or ended with it.
    Socket,
    /// Anything else that is written like a code: why a message waits, why an account stopped.
    Other,
}

/// One place where a code is raised.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<'a> {
    pub code: &'a str,
    pub role: Role<'a>,
    /// The sentence that goes with it, if it stands there.
    pub words: Option<String>,
}

/// Calls whose literal in upper case is a field's code.
const FIELD_CALLS: &[&str] = &["invalid_field", "on_constraint", "wrong", "refuse", "item"];
/// Calls whose literal in upper case is an answer's code, and its kind.
const ANSWER_CALLS: &[(&str, &str)] = &[("conflict_on", "Conflict"), ("refused", "Invalid")];
/// Calls whose literal in upper case closes a socket.
const SOCKET_CALLS: &[&str] = &["refusal", "error"];

struct Literal<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

/// Every code that this file raises; its tests are left out. `in_tuples` is what codes are which stand in a tuple
/// without a kind.
pub fn scan<'a>(source: &'a str, in_tuples: Option<Role<'a>>) -> Vec<Found<'a>> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let literals = literals(source);
    let mut found = Vec::new();
    for (n, literal) in literals.iter().enumerate().filter(|(_, literal)| is_code(literal.text)) {
        let before = source.get(..literal.start).unwrap_or_default();
        let role = match role(before, in_tuples) {
            Some(role) => role,
            None if literal.text.contains('_') => Role::Other,
            None => continue,
        };
        let after = source.get(literal.end..).unwrap_or_default().trim_start();
        let words = after.strip_prefix(',').and_then(|rest| match literals.get(n + 1) {
            Some(next) if next.start == source.len() - rest.trim_start().len() => Some(plain(next.text)),
            _ => variable(rest.trim_start(), before, &literals),
        });
        found.push(Found { code: literal.text, role, words });
    }
    found
}

/// What the call around the literal makes of it.
fn role<'a>(before: &'a str, in_tuples: Option<Role<'a>>) -> Option<Role<'a>> {
    if before.trim_end().ends_with("code:") {
        let own = before.rsplit(['{', ';']).next().unwrap_or_default().len() + 1;
        let name = before.len().checked_sub(own).and_then(|at| before.get(..at)).unwrap_or_default();
        let name = name.trim_end().rsplit([' ', ':', '(', '[']).next();
        return match name {
            Some("FieldError") => Some(Role::Field),
            Some("Refusal") => Some(Role::Socket),
            _ => None,
        };
    }
    let open = open_bracket(before)?;
    let (head, inside) = (before.get(..open)?, before.get(open + 1..)?);
    let path = head.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).next().unwrap_or_default();
    let call = path.rsplit("::").next().unwrap_or_default();
    let arguments: Vec<&str> = inside.split(',').map(str::trim).collect();
    let first = arguments.first().copied().unwrap_or_default();
    if path == "Error::new" || path == "Self::new" {
        return Some(Role::Answer(first.strip_prefix("ErrorKind::")?));
    }
    if FIELD_CALLS.contains(&call) && arguments.len() >= 2 {
        return Some(Role::Field);
    }
    if let Some((_, kind)) = ANSWER_CALLS.iter().find(|(name, _)| *name == call) {
        return (*kind == "Conflict" || first.is_empty()).then_some(Role::Answer(kind));
    }
    if SOCKET_CALLS.contains(&call) && first.is_empty() {
        return Some(Role::Socket);
    }
    // `(Conflict, "CODE", "words")`, or without its kind where the file has only one.
    let is_kind = |word: &str| word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphanumeric);
    match (call.is_empty(), arguments.as_slice()) {
        (true, [named, ""]) if is_kind(named) => Some(Role::Answer(named)),
        (true, [""]) => in_tuples,
        _ => None,
    }
}

/// The last bracket that is still open in this statement.
fn open_bracket(before: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in before.char_indices().rev().take(400) {
        match c {
            ')' | '}' | ']' => depth += 1,
            '(' | '{' | '[' if depth > 0 => depth -= 1,
            '(' => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The sentence of a variable that was given its text just before.
fn variable(after: &str, before: &str, literals: &[Literal<'_>]) -> Option<String> {
    let name =
        after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().filter(|name| !name.is_empty())?;
    let given = before.rfind(&format!("{name} = \""))? + name.len() + 3;
    literals.iter().find(|literal| literal.start == given).map(|literal| plain(literal.text))
}

fn is_code(text: &str) -> bool {
    text.len() > 3
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A literal's text on one line.
fn plain(text: &str) -> String {
    text.replace("\\\"", "\"").split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ")
}

/// The plain string literals of Rust source; comments, characters and raw strings are stepped over.
fn literals(source: &str) -> Vec<Literal<'_>> {
    let bytes = source.as_bytes();
    let at = |n: usize| bytes.get(n).copied().unwrap_or_default();
    let mut found = Vec::new();
    let mut n = 0;
    while n < bytes.len() {
        match at(n) {
            b'/' if at(n + 1) == b'/' => n += source.get(n..).and_then(|rest| rest.find('\n')).unwrap_or(bytes.len()),
            b'r' if at(n + 1) == b'#' && at(n + 2) == b'"' => {
                n += source.get(n..).and_then(|rest| rest.find("\"#")).map_or(bytes.len(), |end| end + 2);
            }
            b'\'' if at(n + 1) == b'\\' => n += 4,
            b'\'' if at(n + 2) == b'\'' => n += 3,
            b'"' => {
                let start = n;
                n += 1;
                while n < bytes.len() && at(n) != b'"' {
                    n += if at(n) == b'\\' { 2 } else { 1 };
                }
                let text = source.get(start + 1..n.min(bytes.len())).unwrap_or_default();
                n += 1;
                found.push(Literal { start, end: n, text });
            }
            _ => n += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Found, Role, scan};

    fn one<'a>(source: &'a str, in_tuples: Option<Role<'a>>) -> Found<'a> {
        let mut found = scan(source, in_tuples);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn answers_fields_and_sockets_are_told_apart() {
        let answer =
            "return Err(Error::new(\n  ErrorKind::Conflict,\n  \"SLUG_TAKEN\",\n  \"Another has \\\n   it.\",\n));";
        let found = one(answer, None);
        assert_eq!((found.role, found.words.as_deref()), (Role::Answer("Conflict"), Some("Another has it.")));
        let found = one("let detail = \"Too late.\"; Error::new(ErrorKind::Gone, \"IT_IS_GONE\", detail)", None);
        assert_eq!((found.role, found.words.as_deref()), (Role::Answer("Gone"), Some("Too late.")));
        let found = one("Error::invalid_field(format!(\"{}.x\", f(\"y\")), \"REQUIRED\", \"Empty.\")", None);
        assert_eq!((found.role, found.words.as_deref()), (Role::Field, Some("Empty.")));
        assert_eq!(
            one("vec![kernel::FieldError { field: \"e\".into(), code: \"EMAIL_BAD\".into() }", None).code,
            "EMAIL_BAD"
        );
        assert_eq!(one("e.conflict_on(\"some_key\", \"TAKEN_ALREADY\", \"x\")", None).role, Role::Answer("Conflict"));
        assert_eq!(one("409 => (Conflict, \"CONFLICT\", \"No.\"),", None).role, Role::Answer("Conflict"));
        let all = Some(Role::Answer("Forbidden"));
        assert_eq!(one("Self::X => (\"NOT_YOU\", \"No.\"),", all).role, Role::Answer("Forbidden"));
        assert_eq!(one("const B: Refusal = Refusal { code: \"TOO_MANY\" };", None).role, Role::Socket);
        assert_eq!(one("return waits(\"ACCOUNT_PAUSED\");", None).role, Role::Other);
        assert_eq!(one("const A: Refusal = refusal(\"TOO_MUCH\", \"No.\");", None).role, Role::Socket);
    }

    #[test]
    fn other_texts_in_upper_case_are_none() {
        for source in [
            "env(\"PATH\")",
            "// Error::new(ErrorKind::Gone, \"GONE\", \"x\")",
            "json!({ \"alg\": \"ES256\" })",
            "f()\n#[cfg(test)]\nmod tests { Error::new(ErrorKind::Gone, \"GONE\", \"x\") }",
        ] {
            assert_eq!(scan(source, None), [], "{source}");
        }
    }
}
