//! `balcao mail preview`: a letter as it would be sent, without sending one.

use crate::cli;
use crate::failure::{Failure, REFUSED};
use crate::print::Printer;
use mail::{LANGUAGES, Letter, Rendered, Template, render};

/// Prints it; needs neither a configuration nor a database.
pub fn run(printer: Printer, command: &cli::Mail) -> Result<(), Failure> {
    let cli::Mail::Preview { template, language, html } = command;
    let names: Vec<&str> = Template::ALL.iter().map(|template| template.name()).collect();
    if template == "list" {
        printer.answer(&names, |names| names.join("\n"));
        return Ok(());
    }
    let Some(template) = Template::parse(template) else {
        return Err(Failure::new(REFUSED, format!("There is no letter {template}; there are {}.", names.join(", "))));
    };
    if !LANGUAGES.contains(&language.as_str()) {
        return Err(Failure::new(REFUSED, format!("Letters are written in {}.", LANGUAGES.join(", "))));
    }
    let letter = Letter::sample(template, language).map_err(Failure::plain)?;
    let rendered = render(&letter).map_err(Failure::plain)?;
    if *html {
        printer.line(rendered.html.trim_end());
        return Ok(());
    }
    printer.answer(&rendered, |Rendered { subject, text, html }| {
        format!("Subject: {subject}\n\n{}\n\n--- HTML ---\n{html}", text.trim_end())
    });
    Ok(())
}
