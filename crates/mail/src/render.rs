//! A letter's texts from its template and data: a pure function.

use crate::letter::Letter;
use crate::template::{LANGUAGES, Template};
use kernel::Error;
use kernel::text::{clean_line, truncate_chars};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value;
use std::sync::OnceLock;

/// What all letters look like in HTML.
const LAYOUT: &str = include_str!("../templates/layout.html");
/// Longest subject, in characters.
const SUBJECT: usize = 200;
/// A template that counts without end stops here.
const FUEL: u64 = 50_000;

/// A letter as it is read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes a letter.
///
/// # Errors
/// When data that the template names is missing: not retryable.
pub fn render(letter: &Letter) -> Result<Rendered, Error> {
    let language = nearest(&letter.language);
    let mut data = letter.data.clone();
    if let Value::Object(fields) = &mut data {
        fields.insert("language".to_owned(), language.into());
    }
    let part = |kind: &str| {
        let name = format!("{}/{language}.{kind}", letter.template.name());
        environment().get_template(&name).and_then(|template| template.render(Serde(&data))).map_err(unwritten)
    };
    Ok(Rendered {
        subject: truncate_chars(&clean_line(&part("subject")?), SUBJECT).to_owned(),
        text: part("txt")?,
        html: part("html")?,
    })
}

impl Letter {
    /// A letter to look at, with data made up.
    ///
    /// # Errors
    /// When the sample is no JSON; a test reads all of them.
    pub fn sample(template: Template, language: &str) -> Result<Self, Error> {
        let data: Value = serde_json::from_str(template.sample()).map_err(Error::internal)?;
        Ok(Self { to: "ana@clinica.example".to_owned(), language: language.to_owned(), template, data })
    }
}

/// `pt`, `pt-PT` and `pt_BR` read Portuguese, `en-US` English; whoever speaks something else reads the first language.
fn nearest(language: &str) -> &'static str {
    let main = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    LANGUAGES.into_iter().find(|known| main(known) == main(language)).unwrap_or(LANGUAGES[0])
}

/// All templates, read once. HTML is escaped by its ending, the other parts are plain text.
fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut all = Environment::new();
        all.set_undefined_behavior(UndefinedBehavior::Strict);
        all.set_fuel(Some(FUEL));
        all.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        // A template that cannot be read is missing when it is asked for, and a test asks for all of them.
        let _ = all.add_template("layout.html", LAYOUT);
        for template in Template::ALL {
            for (language, texts) in LANGUAGES.iter().zip(template.texts()) {
                for (kind, text) in [("subject", texts.subject), ("txt", texts.text), ("html", texts.html)] {
                    let _ = all.add_template_owned(format!("{}/{language}.{kind}", template.name()), text);
                }
            }
        }
        all
    })
}

fn unwritten(error: minijinja::Error) -> Error {
    // The kind alone: the rest of the message may hold the data.
    Error::internal(format!("letter: {}", error.kind())).with_retryable(false)
}
