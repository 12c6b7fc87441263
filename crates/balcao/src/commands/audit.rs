//! `balcao audit verify|head|keys`.

use super::{Session, find_organization, with_house};
use crate::cli::Audit;
use crate::failure::{AUDIT_BROKEN, AUDIT_UNREADABLE, Failure};
use audit::{SignedHead, Span, Verdict};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub async fn run(session: &Session, command: Audit) -> Result<(), Failure> {
    match command {
        Audit::Verify { export: Some(file), key, .. } => tell(session, &offline(&file, key.as_deref())?),
        Audit::Verify { organization, from, to, head, export: None, key: _ } => {
            let head = head.as_deref().map(read_head).transpose()?;
            let span = Span { from, to, head };
            let name = organization.unwrap_or_default();
            let verdict = with_house(session, async |house| {
                let organization = find_organization(house, &name).await?;
                Ok(house.domains.audit.verify(organization.id, &span).await?)
            })
            .await
            .map_err(|failure| Failure::new(AUDIT_UNREADABLE, failure.sentence))?;
            tell(session, &verdict)
        }
        Audit::Keys => {
            let keys = with_house(session, async |house| Ok(house.domains.audit.public_keys().await?)).await?;
            session.printer.answer(&keys, |keys| serde_json::to_string_pretty(keys).unwrap_or_default());
            Ok(())
        }
        Audit::Head { organization } => {
            let head = with_house(session, async |house| {
                let organization = find_organization(house, &organization).await?;
                Ok(house.domains.audit.head(organization.id).await?)
            })
            .await?;
            session.printer.answer(&head, |head| serde_json::to_string_pretty(head).unwrap_or_default());
            Ok(())
        }
    }
}

/// Whoever can write a file can sign it with a key of their own: only the one that was kept tells.
fn offline(file: &Path, key: Option<&str>) -> Result<Verdict, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(AUDIT_UNREADABLE, format!("{}: {error}", file.display()));
    let verdict = audit::check_export(BufReader::new(File::open(file).map_err(unreadable)?)).map_err(unreadable)?;
    match key {
        Some(key) if verdict.valid && verdict.public_key.as_deref() != Some(key) => {
            Err(Failure::new(AUDIT_BROKEN, "the audit is broken: another key signed the export"))
        }
        _ => Ok(verdict),
    }
}

fn read_head(file: &Path) -> Result<SignedHead, Failure> {
    let unreadable = |error: String| Failure::new(AUDIT_UNREADABLE, format!("{}: {error}", file.display()));
    let text = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))
}

fn tell(session: &Session, verdict: &Verdict) -> Result<(), Failure> {
    session.printer.answer(verdict, |verdict| {
        format!("entries {} to {}: {} checked", verdict.first_seq, verdict.last_seq, verdict.checked)
    });
    match &verdict.problem {
        None => Ok(()),
        Some(problem) => Err(Failure::new(AUDIT_BROKEN, format!("the audit is broken: {problem}"))),
    }
}
