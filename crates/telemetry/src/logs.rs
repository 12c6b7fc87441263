//! The log: one event, one line, as JSON for machines or as text for people.
//!
//! The line is built here rather than by the stock formatters, so that every value, from events and from spans, passes
//! the same three steps: denied by its field's name, scrubbed, freed of control characters and cut in length.

use crate::logged_request::LoggedRequest;
use crate::redact::{PLACEHOLDER, is_denied, scrub};
use chrono::SecondsFormat;
use kernel::Clock;
use serde_json::{Map, Value};
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// Longest text value in characters; the rest is cut.
const LONGEST_VALUE: usize = 4096;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// One readable line.
    Text,
}

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct LogSettings {
    pub format: LogFormat,
    /// Directives such as `info,store=debug` (the syntax of `RUST_LOG`).
    pub filter: String,
    /// Colours of levels in the text format, for terminals.
    pub color: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Json,
            filter: "info,sqlx=warn,hyper=warn,h2=warn,engineioxide=warn".to_owned(),
            color: false,
        }
    }
}

/// Why logging was not set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the log filter is not valid: {0}")]
    Filter(String),
    #[error("a log is already set up in this process")]
    Installed,
}

/// A subscriber with these settings that writes to `writer`. For tests and tools; the binary uses [`install`].
pub fn subscriber<W>(settings: &LogSettings, clock: Clock, writer: W) -> Result<impl Subscriber + Send + Sync, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (by_target, by_span) = filters(&settings.filter)?;
    let lines = Lines { format: settings.format, color: settings.color, clock, writer };
    Ok(Registry::default().with(by_target).with(by_span).with(lines))
}

/// Targets and levels decide once a place in the code; only directives with spans or fields need the filter that looks
/// at every entering of a span, some of which happen for every row that is read.
fn filters(directives: &str) -> Result<(Option<Targets>, Option<EnvFilter>), LogError> {
    if let Ok(targets) = directives.parse() {
        return Ok((Some(targets), None));
    }
    let parsed = EnvFilter::builder().parse(directives).map_err(|error| LogError::Filter(error.to_string()))?;
    Ok((None, Some(parsed)))
}

/// Sets up logging to standard error for the whole process, once.
pub fn install(settings: &LogSettings, clock: Clock) -> Result<(), LogError> {
    let subscriber = subscriber(settings, clock, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Installed)
}

/// Writes the lines.
struct Lines<W> {
    format: LogFormat,
    color: bool,
    clock: Clock,
    writer: W,
}

/// The fields of a span as they were given, kept with it. Most spans end without a line: what goes into one is cleaned
/// then.
struct SpanFields(Vec<(&'static str, Value)>);

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = SpanFields(Vec::new());
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<SpanFields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Map::new();
        event.record(&mut Cleaner(&mut fields));
        // The request and the fields of spans give the context; an inner one's wins over an outer one's.
        let mut around = Map::new();
        for (name, value) in LoggedRequest::fields() {
            Cleaner(&mut around).put(&name, || cleaned(&value));
        }
        let mut span_name = None;
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            span_name = Some(span.name());
            if let Some(SpanFields(of_span)) = span.extensions().get() {
                for (name, value) in of_span {
                    Cleaner(&mut around).put(name, || cleaned(value));
                }
            }
        }
        let message = fields.remove("message").unwrap_or_default();
        let line = Line {
            at: self.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true),
            level: *event.metadata().level(),
            target: event.metadata().target(),
            message: message.as_str().unwrap_or_default(),
            fields,
            around,
            span_name,
        };
        let text = match self.format {
            LogFormat::Json => line.json(),
            LogFormat::Text => line.text(self.color),
        };
        // A log that cannot be written has nowhere to complain.
        let _ = std::io::Write::write_all(&mut self.writer.make_writer_for(event.metadata()), text.as_bytes());
    }
}

struct Line<'e> {
    at: String,
    level: Level,
    target: &'e str,
    message: &'e str,
    fields: Map<String, Value>,
    around: Map<String, Value>,
    span_name: Option<&'static str>,
}

impl Line<'_> {
    fn json(self) -> String {
        let mut object = Map::new();
        object.insert("at".to_owned(), Value::String(self.at));
        object.insert("level".to_owned(), Value::String(self.level.to_string()));
        object.insert("target".to_owned(), Value::String(self.target.to_owned()));
        object.insert("message".to_owned(), Value::String(self.message.to_owned()));
        if let Some(name) = self.span_name {
            object.insert("span".to_owned(), Value::String(name.to_owned()));
        }
        for (name, fields) in [("fields", self.fields), ("context", self.around)] {
            if !fields.is_empty() {
                object.insert(name.to_owned(), Value::Object(fields));
            }
        }
        let mut line = Value::Object(object).to_string();
        line.push('\n');
        line
    }

    fn text(self, color: bool) -> String {
        let (paint, plain) = if color { (color_of(self.level), "\x1b[0m") } else { ("", "") };
        let mut line = format!("{} {paint}{:5}{plain} {} {}", self.at, self.level, self.target, self.message);
        for (name, value) in self.fields.iter().chain(&self.around) {
            // Writing into a String cannot fail.
            let _ = match value {
                Value::String(text) if is_plain_word(text) => write!(line, " {name}={text}"),
                other => write!(line, " {name}={other}"),
            };
        }
        line.push('\n');
        line
    }
}

fn is_plain_word(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', '"', '='])
}

fn color_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[2m",
    }
}

/// Takes fields in, cleaned.
struct Cleaner<'m>(&'m mut Map<String, Value>);

impl Cleaner<'_> {
    fn put(&mut self, name: &str, value: impl FnOnce() -> Value) {
        // Raw identifiers: `r#type = ..` is the field `type`.
        let name = name.strip_prefix("r#").unwrap_or(name);
        let value = if is_denied(name) { Value::String(PLACEHOLDER.to_owned()) } else { value() };
        self.0.insert(name.to_owned(), value);
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        self.put(field.name(), || Value::String(clean(text)));
    }
}

impl Visit for Cleaner<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), || Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), || Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), || Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), || Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put_text(field, &with_causes(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_text(field, &format!("{value:?}"));
    }
}

impl Visit for SpanFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.keep(field, Value::from(with_causes(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep(field, Value::from(format!("{value:?}")));
    }
}

impl SpanFields {
    /// A later value of a field replaces the earlier one.
    fn keep(&mut self, field: &Field, value: Value) {
        match self.0.iter_mut().find(|(name, _)| *name == field.name()) {
            Some((_, kept)) => *kept = value,
            None => self.0.push((field.name(), value)),
        }
    }
}

fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        other => other.clone(),
    }
}

fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string);
    causes.collect::<Vec<_>>().join(": ")
}

/// Scrubs a text, makes it one line that no terminal obeys, and cuts it.
fn clean(text: &str) -> String {
    let scrubbed = scrub(text);
    let mut clean = String::with_capacity(scrubbed.len().min(LONGEST_VALUE));
    for (index, c) in scrubbed.chars().enumerate() {
        if index == LONGEST_VALUE {
            clean.push('…');
            break;
        }
        match c {
            '\n' => clean.push_str("\\n"),
            '\r' => clean.push_str("\\r"),
            '\t' => clean.push_str("\\t"),
            c if is_unsafe(c) => {
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(c));
            }
            c => clean.push(c),
        }
    }
    clean
}

/// Characters that end lines, steer terminals or turn the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0x2028 | 0x2029 | 0x200e | 0x200f | 0x061c | 0x202a..=0x202e | 0x2066..=0x2069)
}
