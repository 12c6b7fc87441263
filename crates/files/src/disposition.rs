//! How a blob is handed out: the headers that keep a browser from running it in our name.

use crate::sniff::is_active;
use std::fmt::Write as _;

/// Types that may be shown inside a page of ours.
const INLINE: [&str; 15] = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "audio/ogg",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "audio/wav",
    "video/mp4",
    "video/webm",
    "video/3gpp",
    "video/quicktime",
    "application/pdf",
];

/// True for media that browsers show without running anything; everything else is a download.
pub fn is_inline_safe(mime: &str) -> bool {
    INLINE.contains(&mime) && !is_active(mime)
}

/// `Content-Disposition` by RFC 6266: inline for safe types, else attachment; the name as ASCII and, where that loses
/// something, as RFC 8187 too. The result is one line of visible ASCII whatever the name is.
pub fn content_disposition(mime: &str, name: &str) -> String {
    let mut value = String::from(if is_inline_safe(mime) { "inline" } else { "attachment" });
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    // Writing into a String cannot fail.
    let _ = write!(value, "; filename=\"{plain}\"");
    if plain != name {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                value.push(char::from(byte));
            } else {
                let _ = write!(value, "%{byte:02X}");
            }
        }
    }
    value
}

/// Every header that an answer with a blob's bytes must carry, besides length and range. `nosniff` keeps the browser
/// to our type, the sandbox keeps what it shows from scripts, forms and our origin.
pub fn serving_headers(mime: &str, name: &str) -> [(&'static str, String); 6] {
    let content_type = if is_active(mime) || !is_header_text(mime) { "application/octet-stream" } else { mime };
    [
        ("content-type", content_type.to_owned()),
        ("content-disposition", content_disposition(mime, name)),
        ("x-content-type-options", "nosniff".to_owned()),
        ("content-security-policy", "default-src 'none'; sandbox".to_owned()),
        ("cache-control", "private, no-store".to_owned()),
        ("cross-origin-resource-policy", "same-site".to_owned()),
    ]
}

/// Safe inside a quoted string; `%` is not, because some browsers decode it there.
fn is_plain(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%' | '/' | ';')
}

fn is_header_text(mime: &str) -> bool {
    !mime.is_empty() && mime.bytes().all(|byte| byte.is_ascii_graphic())
}
