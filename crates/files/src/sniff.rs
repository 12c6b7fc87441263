//! What a blob is, judged by its bytes. The declared type may refine the answer, never overrule it.

/// What the bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sniffed {
    /// Media type without parameters.
    pub mime: &'static str,
}

/// What the bytes and the declared type say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Media type without parameters, lower case.
    pub mime: String,
    /// False when a declared type contradicts the bytes.
    pub agrees: bool,
}

const OCTETS: &str = "application/octet-stream";

/// Looks at the first bytes of a blob (a few kilobytes are enough). Markup is looked for first: a browser would find
/// it too, and it is the one kind that can act.
pub fn sniff(head: &[u8]) -> Sniffed {
    let mime = markup(head).unwrap_or_else(|| match infer::get(head) {
        Some(kind) => usual(kind.mime_type()),
        None if is_text(head) => "text/plain",
        None => OCTETS,
    });
    Sniffed { mime }
}

/// Puts the declared type beside the sniffed one. Containers (zip, ogg, mp4, text, …) hold many types that the first
/// bytes do not tell apart; there a declared type of the same family is believed.
pub fn judge(declared: Option<&str>, sniffed: &Sniffed) -> Verdict {
    let declared = declared.map(essence).filter(|mime| !mime.is_empty() && mime != OCTETS);
    let Some(declared) = declared else { return Verdict { mime: sniffed.mime.to_owned(), agrees: true } };
    if declared == sniffed.mime || refines(&declared, sniffed.mime) {
        return Verdict { mime: declared, agrees: true };
    }
    Verdict { mime: sniffed.mime.to_owned(), agrees: same_thing(&declared, sniffed.mime) }
}

/// True when browsers run or render this type as a page: never shown inline, whatever else is decided.
pub fn is_active(mime: &str) -> bool {
    let mime = essence(mime);
    mime.ends_with("+xml")
        || mime.ends_with("/xml")
        || mime.contains("html")
        || mime.contains("javascript")
        || mime.contains("ecmascript")
        || matches!(mime.as_str(), "multipart/x-mixed-replace" | "text/css" | "application/x-shockwave-flash")
}

/// The usual file ending of a type, without the dot.
pub fn extension_of(mime: &str) -> Option<&'static str> {
    ENDINGS.iter().find(|(known, _)| *known == mime).and_then(|(_, endings)| endings.first().copied())
}

/// Whether a file name's ending fits a type. A name without an ending and a type without a known one fit anything.
pub fn extension_agrees(name: &str, mime: &str) -> bool {
    let Some((_, ending)) = name.rsplit_once('.') else { return true };
    let ending = ending.to_ascii_lowercase();
    match ENDINGS.iter().find(|(known, _)| *known == mime) {
        Some((_, endings)) => endings.contains(&ending.as_str()),
        None => true,
    }
}

const ENDINGS: [(&str, &[&str]); 38] = [
    ("image/jpeg", &["jpg", "jpeg", "jfif"]),
    ("image/png", &["png"]),
    ("image/webp", &["webp"]),
    ("image/gif", &["gif"]),
    ("image/heif", &["heic", "heif"]),
    ("image/heic", &["heic", "heif"]),
    ("image/avif", &["avif"]),
    ("image/tiff", &["tiff", "tif"]),
    ("image/bmp", &["bmp"]),
    ("image/svg+xml", &["svg"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/aac", &["aac"]),
    ("audio/amr", &["amr"]),
    ("audio/mp4", &["m4a", "mp4"]),
    ("audio/wav", &["wav"]),
    ("audio/flac", &["flac"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/3gpp", &["3gp", "3gpp"]),
    ("video/webm", &["webm"]),
    ("video/quicktime", &["mov"]),
    ("video/x-msvideo", &["avi"]),
    ("video/x-matroska", &["mkv"]),
    ("application/pdf", &["pdf"]),
    ("application/zip", &["zip"]),
    ("application/vnd.rar", &["rar"]),
    ("application/x-7z-compressed", &["7z"]),
    ("application/gzip", &["gz", "tgz"]),
    ("application/msword", &["doc", "dot"]),
    ("application/vnd.ms-excel", &["xls", "xlt"]),
    ("application/vnd.ms-powerpoint", &["ppt", "pps"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    ("application/rtf", &["rtf"]),
    ("text/plain", &["txt", "text", "log", "md"]),
    ("text/csv", &["csv"]),
    ("text/html", &["html", "htm"]),
];

/// What a container may hold without its first bytes telling. Active types are in no list.
const FAMILIES: [(&str, &[&str]); 8] = [
    (
        "application/zip",
        &[
            "application/vnd.openxmlformats-officedocument.",
            "application/vnd.oasis.opendocument.",
            "application/epub+zip",
            "application/x-zip-compressed",
        ],
    ),
    (
        "application/x-ole-storage",
        &[
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.ms-outlook",
        ],
    ),
    (
        "text/plain",
        &[
            "text/csv",
            "text/markdown",
            "text/calendar",
            "text/vcard",
            "text/x-vcard",
            "text/tab-separated-values",
            "application/json",
            "application/x-ndjson",
        ],
    ),
    ("audio/ogg", &["audio/opus", "video/ogg", "application/ogg"]),
    (
        "video/mp4",
        &["audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac", "video/3gpp", "video/quicktime", "video/x-m4v"],
    ),
    ("audio/mp4", &["video/mp4", "audio/m4a", "audio/x-m4a", "audio/aac"]),
    ("video/webm", &["audio/webm", "video/x-matroska"]),
    ("image/heif", &["image/heic"]),
];

fn refines(declared: &str, sniffed: &str) -> bool {
    let family = FAMILIES.iter().find(|(container, _)| *container == sniffed);
    family.is_some_and(|(_, members)| {
        members.iter().any(|member| declared == *member || (member.ends_with('.') && declared.starts_with(member)))
    })
}

/// Other names for the same type.
fn same_thing(declared: &str, sniffed: &str) -> bool {
    usual(declared) == sniffed
}

/// One name where several are in use.
fn usual(mime: &str) -> &str {
    match mime {
        "audio/opus" | "application/ogg" => "audio/ogg",
        "audio/m4a" | "audio/x-m4a" => "audio/mp4",
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "audio/wav",
        "audio/x-flac" => "audio/flac",
        "audio/mp3" | "audio/x-mp3" => "audio/mpeg",
        "video/x-m4v" => "video/mp4",
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "image/x-png" => "image/png",
        "application/x-pdf" => "application/pdf",
        "application/x-rar-compressed" => "application/vnd.rar",
        other => other,
    }
}

/// A media type without parameters, lower case.
fn essence(mime: &str) -> String {
    mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The kind of markup that a browser would see in these bytes.
fn markup(head: &[u8]) -> Option<&'static str> {
    let head = head.get(..1024).unwrap_or(head);
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // Byte-order marks of UTF-16 and the NULs of its ASCII characters are dropped: a browser reads through them.
    let text: String =
        head.iter().filter(|byte| !matches!(byte, 0 | 0xfe | 0xff)).map(|byte| char::from(*byte)).collect();
    let text = text.trim_start().to_ascii_lowercase();
    if !text.starts_with('<') {
        return None;
    }
    const PAGE: [&str; 24] = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<style",
        "<title",
        "<meta",
        "<link",
        "<base",
        "<object",
        "<embed",
        "<form",
        "<img",
        "<table",
        "<div",
        "<font",
        "<h1",
        "<br",
        "<p>",
        "<p ",
        "<a ",
        "<b>",
    ];
    if PAGE.iter().any(|tag| text.contains(tag)) {
        return Some("text/html");
    }
    if text.contains("<svg") {
        return Some("image/svg+xml");
    }
    (text.starts_with("<?xml") || text.starts_with("<!")).then_some("text/xml")
}

/// No byte that text never has (the "binary data bytes" of the WHATWG sniffing standard), or UTF-16 by its mark. So
/// text in an old 8-bit encoding, as spreadsheets still export it, is text too.
fn is_text(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    !head.is_empty() && !head.iter().any(|byte| matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f))
}
