//! The archive of an export: `tar.gz` with a `.jsonl` file a table and the files themselves. Memory stays bounded: pages of
//! rows go through temporary files.

use crate::handle::Identity;
use crate::store::exports as rows;
use bytes::Bytes;
use files::{BlobKey, Declared, NewBlob, StoredBlob};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, StreamExt as _};
use kernel::ids::FileId;
use kernel::{Ctx, Error, ErrorKind};
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use store::{TenantTable, readable, tenant_rows, tenant_tables};

/// Rows of one statement.
const PAGE: i64 = 1_000;
/// Bytes handed to the store of files at a time.
const CHUNK: usize = 256 * 1024;
/// Credentials and the house's own work: of no use outside.
const LEFT_OUT: [&str; 8] = [
    "data_keys",
    "dead_jobs",
    "idempotency_keys",
    "jobs",
    "links",
    "organization_exports",
    "reader_backlog",
    "refresh_tokens",
];

type Archive = tar::Builder<GzEncoder<File>>;

/// Makes the archive of the organization of `ctx` and stores it.
///
/// # Errors
/// When the disk, the database or the store of files fails.
pub async fn make(identity: &Identity, ctx: &Ctx, file: FileId) -> Result<StoredBlob, Error> {
    let organization = ctx.organization_id();
    let packed = tempfile::tempfile().map_err(disk)?;
    let mut archive = tar::Builder::new(GzEncoder::new(packed, Compression::default()));
    let mut tx = identity.0.db.tenant(organization).await?;
    let tables = tenant_tables(&mut tx).await?;
    let own = rows::organization(&mut tx).await?;
    let people = rows::people(&mut tx).await?;
    tx.commit().await?;
    add(&mut archive, ctx, "organization.json", lines(&[own])?)?;
    add(&mut archive, ctx, "people.jsonl", lines(&people)?)?;
    for table in tables.iter().filter(|table| !LEFT_OUT.contains(&table.name.as_str())) {
        let rows = table_file(identity, ctx, table).await?;
        add(&mut archive, ctx, &format!("{}.jsonl", table.name), rows)?;
    }
    add_files(identity, ctx, &mut archive).await?;
    let packed = archive.into_inner().and_then(GzEncoder::finish).map_err(disk)?;
    store(identity, ctx, file, packed).await
}

/// All rows of a table, a line each.
async fn table_file(identity: &Identity, ctx: &Ctx, table: &TenantTable) -> Result<File, Error> {
    let mut file = tempfile::tempfile().map_err(disk)?;
    let mut last: Option<Value> = None;
    loop {
        let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
        let page = tenant_rows(&mut tx, table, last.as_ref(), PAGE).await?;
        tx.commit().await?;
        let Some(end) = page.last().cloned() else { return Ok(file) };
        for row in page {
            write_line(&mut file, &readable(table, row))?;
        }
        last = Some(end);
    }
}

/// The stored files, each under its id.
async fn add_files(identity: &Identity, ctx: &Ctx, archive: &mut Archive) -> Result<(), Error> {
    let organization = ctx.organization_id();
    let mut after = None;
    loop {
        let mut tx = identity.0.db.tenant(organization).await?;
        let page = rows::files_after(&mut tx, after, PAGE).await?;
        tx.commit().await?;
        let Some(last) = page.last().map(|file| file.id) else { return Ok(()) };
        for stored in page {
            let Some(key) = BlobKey::parse(&stored.blob_key) else { continue };
            let Some(open) = identity.0.files.open(organization, &key).await.map_err(unavailable)? else { continue };
            let mut copy = tempfile::tempfile().map_err(disk)?;
            let mut chunks = Box::pin(open.into_stream());
            while let Some(chunk) = chunks.next().await {
                copy.write_all(&chunk.map_err(unavailable)?).map_err(disk)?;
            }
            add(archive, ctx, &format!("files/{}", stored.id), copy)?;
        }
        after = Some(last);
    }
}

fn add(archive: &mut Archive, ctx: &Ctx, name: &str, mut file: File) -> Result<(), Error> {
    let size = file.seek(SeekFrom::End(0)).map_err(disk)?;
    file.seek(SeekFrom::Start(0)).map_err(disk)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(ctx.now().timestamp()).unwrap_or_default());
    archive.append_data(&mut header, name, file).map_err(disk)
}

fn lines(values: &[Value]) -> Result<File, Error> {
    let mut file = tempfile::tempfile().map_err(disk)?;
    for value in values {
        write_line(&mut file, value)?;
    }
    Ok(file)
}

fn write_line(file: &mut File, value: &Value) -> Result<(), Error> {
    let mut line = serde_json::to_vec(value).map_err(Error::internal)?;
    line.push(b'\n');
    file.write_all(&line).map_err(disk)
}

async fn store(identity: &Identity, ctx: &Ctx, id: FileId, mut packed: File) -> Result<StoredBlob, Error> {
    packed.seek(SeekFrom::Start(0)).map_err(disk)?;
    let declared = Declared {
        mime: Some("application/gzip".to_owned()),
        name: Some(format!("export-{}.tar.gz", ctx.now().format("%Y-%m-%d"))),
    };
    let blob = NewBlob { organization: ctx.organization_id(), file: id, at: ctx.now(), declared, max_bytes: u64::MAX };
    let chunks = stream::iter(std::iter::from_fn(move || {
        let mut chunk = vec![0; CHUNK];
        match packed.read(&mut chunk) {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                Some(Ok(Bytes::from(chunk)))
            }
            Err(error) => Some(Err(error)),
        }
    }));
    identity.0.files.put_stream(blob, chunks).await.map_err(unavailable)
}

fn disk(error: std::io::Error) -> Error {
    Error::internal(format!("an archive could not be written: {error}"))
}

/// The store of files does not answer.
pub fn unavailable(error: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable, "FILES_UNAVAILABLE", "The file store does not answer.").with_private(error)
}
