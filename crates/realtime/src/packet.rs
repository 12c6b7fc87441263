//! Packets of the Socket.IO protocol v5 (`<type>[<n>-][<namespace>,][<ack id>][JSON]`), inside Engine.IO messages.

use engineioxide::Str;
use serde::Serialize;

/// What a client sent. Texts are not yet parsed as JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'t> {
    Connect {
        namespace: &'t str,
        auth: Option<&'t str>,
    },
    Disconnect {
        namespace: &'t str,
    },
    Event {
        namespace: &'t str,
        ack: Option<u64>,
        arguments: &'t str,
    },
    /// Followed by that many binary frames.
    BinaryEvent {
        namespace: &'t str,
        ack: Option<u64>,
        arguments: &'t str,
        attachments: usize,
    },
    /// An answer to something that this server never asks for.
    Ack,
    BinaryAck {
        attachments: usize,
    },
}

/// The frame breaks the protocol: its connection is closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Most binary frames that one event may announce (they are not taken, only skipped).
const MAX_ATTACHMENTS: usize = 10;

impl<'t> Packet<'t> {
    pub(crate) fn parse(text: &'t str) -> Result<Self, Malformed> {
        let kind = *text.as_bytes().first().ok_or(Malformed)?;
        let rest = text.get(1..).ok_or(Malformed)?;
        let (attachments, rest) = if matches!(kind, b'5' | b'6') { attachments(rest)? } else { (0, rest) };
        let (namespace, rest) = namespace(rest)?;
        match kind {
            b'0' => Ok(Self::Connect { namespace, auth: Some(rest).filter(|auth| !auth.is_empty()) }),
            b'1' if rest.is_empty() => Ok(Self::Disconnect { namespace }),
            b'2' => {
                let (ack, arguments) = ack_id(rest)?;
                Ok(Self::Event { namespace, ack, arguments })
            }
            b'5' => {
                let (ack, arguments) = ack_id(rest)?;
                Ok(Self::BinaryEvent { namespace, ack, arguments, attachments })
            }
            b'3' => ack_id(rest)?.0.map(|_| Self::Ack).ok_or(Malformed),
            b'6' => ack_id(rest)?.0.map(|_| Self::BinaryAck { attachments }).ok_or(Malformed),
            _ => Err(Malformed),
        }
    }
}

fn attachments(text: &str) -> Result<(usize, &str), Malformed> {
    let (count, rest) = text.split_once('-').ok_or(Malformed)?;
    let count = count.parse().ok().filter(|count| (1..=MAX_ATTACHMENTS).contains(count)).ok_or(Malformed)?;
    Ok((count, rest))
}

/// The namespace without its query; `/` where none is given.
fn namespace(text: &str) -> Result<(&str, &str), Malformed> {
    if !text.starts_with('/') {
        return Ok(("/", text));
    }
    let (path, rest) = text.split_once(',').unwrap_or((text, ""));
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.len() > 100 {
        return Err(Malformed);
    }
    Ok((path, rest))
}

fn ack_id(text: &str) -> Result<(Option<u64>, &str), Malformed> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (id, rest) = text.split_at_checked(digits).ok_or(Malformed)?;
    if id.is_empty() { Ok((None, rest)) } else { Ok((Some(id.parse().map_err(|_| Malformed)?), rest)) }
}

/// `0{"sid":"…"}`
pub(crate) fn connected(sid: &str) -> Str {
    Str::from(format!(r#"0{{"sid":"{sid}"}}"#))
}

/// `4{"message":…,"data":{"code":…,"retry_after_ms":…}}`
pub(crate) fn connect_error(code: &str, message: &str, retry_after_ms: Option<u64>) -> Str {
    #[derive(Serialize)]
    struct Refused<'a> {
        message: &'a str,
        data: Data<'a>,
    }
    #[derive(Serialize)]
    struct Data<'a> {
        code: &'a str,
        retry_after_ms: Option<u64>,
    }
    Str::from(format!("4{}", json(&Refused { message, data: Data { code, retry_after_ms } })))
}

/// `4/namespace,{"message":"Invalid namespace"}`
pub(crate) fn invalid_namespace(namespace: &str) -> Str {
    Str::from(format!(r#"4{namespace},{{"message":"Invalid namespace"}}"#))
}

/// `2["name",body]`
pub(crate) fn event(name: &str, body: &impl Serialize) -> Str {
    Str::from(format!(r#"2["{name}",{}]"#, json(body)))
}

/// `3<id>[body]`
pub(crate) fn ack(id: u64, body: &impl Serialize) -> Str {
    Str::from(format!("3{id}[{}]", json(body)))
}

/// `1`: the server ends the session; clients do not come back by themselves.
pub(crate) fn disconnect() -> Str {
    Str::from("1")
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_examples_of_the_protocol_are_read() {
        assert_eq!(Packet::parse("0"), Ok(Packet::Connect { namespace: "/", auth: None }));
        assert_eq!(
            Packet::parse(r#"0{"token":"x"}"#),
            Ok(Packet::Connect { namespace: "/", auth: Some(r#"{"token":"x"}"#) })
        );
        assert_eq!(
            Packet::parse(r#"0/admin,{"a":1}"#),
            Ok(Packet::Connect { namespace: "/admin", auth: Some(r#"{"a":1}"#) })
        );
        assert_eq!(Packet::parse("0/admin?x=1"), Ok(Packet::Connect { namespace: "/admin", auth: None }));
        assert_eq!(
            Packet::parse(r#"2["hello",1]"#),
            Ok(Packet::Event { namespace: "/", ack: None, arguments: r#"["hello",1]"# })
        );
        assert_eq!(
            Packet::parse(r#"212["q",1]"#),
            Ok(Packet::Event { namespace: "/", ack: Some(12), arguments: r#"["q",1]"# })
        );
        assert_eq!(
            Packet::parse(r#"2/a,["x"]"#),
            Ok(Packet::Event { namespace: "/a", ack: None, arguments: r#"["x"]"# })
        );
        assert_eq!(
            Packet::parse(r#"52-7["f",{"_placeholder":true,"num":0}]"#),
            Ok(Packet::BinaryEvent {
                namespace: "/",
                ack: Some(7),
                arguments: r#"["f",{"_placeholder":true,"num":0}]"#,
                attachments: 2
            })
        );
        assert_eq!(Packet::parse("1"), Ok(Packet::Disconnect { namespace: "/" }));
        assert_eq!(Packet::parse("1/admin,"), Ok(Packet::Disconnect { namespace: "/admin" }));
        assert_eq!(Packet::parse("312[]"), Ok(Packet::Ack));
    }

    #[test]
    fn what_breaks_the_protocol_is_malformed() {
        for text in
            ["", "abc", "7", "3[]", "5[\"f\"]", "50-[\"f\"]", "511-[\"f\"]", "299999999999999999999[\"x\"]", "1x", "é"]
        {
            assert_eq!(Packet::parse(text), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn written_packets_are_exact() {
        assert_eq!(connected("abc").as_str(), r#"0{"sid":"abc"}"#);
        assert_eq!(
            connect_error("AUTH_TOKEN_MISSING", "No.", None).as_str(),
            r#"4{"message":"No.","data":{"code":"AUTH_TOKEN_MISSING","retry_after_ms":null}}"#
        );
        assert_eq!(invalid_namespace("/random").as_str(), r#"4/random,{"message":"Invalid namespace"}"#);
        assert_eq!(event("x", &1).as_str(), r#"2["x",1]"#);
        assert_eq!(ack(12, &"a").as_str(), r#"312["a"]"#);
    }
}
