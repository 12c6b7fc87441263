//! `cargo xtask new-slice NAME`: the files of a new domain, in the shape that ARCHITECTURE.md describes.

use crate::run::{Done, root};

/// Writes `crates/NAME/` and says what is left to do by hand.
pub fn run(args: &[String]) -> Done {
    let [name] = args else { return Err("new-slice needs one name".into()) };
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        return Err(format!("`{name}`: a crate's name is snake_case").into());
    }
    let folder = root().join("crates").join(name);
    if folder.exists() {
        return Err(format!("crates/{name} exists already").into());
    }
    for (path, text) in FILES {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        std::fs::write(file, text.replace("NAME", name))?;
    }
    println!(
        "crates/{name} is written. By hand:\n\
         1. Cargo.toml: `{name} = {{ path = \"crates/{name}\" }}` below [workspace.dependencies]\n\
         2. ARCHITECTURE.md: its line in the map and in the import table\n\
         3. crates/balcao: `{name}::module()` in the list of modules\n\
         4. migrations/: its tables, each with forced row-level security and composite keys"
    );
    Ok(())
}

const FILES: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[package]\nname = \"NAME\"\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
         license.workspace = true\npublish.workspace = true\n\n[lib]\ndoctest = false\n\n[lints]\nworkspace = true\n\n\
         [dependencies]\nkernel.workspace = true\nmodule.workspace = true\nstore.workspace = true\n\n\
         [dev-dependencies]\ntestkit.workspace = true\ntokio.workspace = true\n",
    ),
    (
        "src/lib.rs",
        "//! NAME: what this domain is, in one sentence.\n//!\n//! Owns: tables `..`; permissions `..`; events `..`; jobs `..`; settings `..`.\n\
         //! Deliberately absent: ..\n\nmod routes;\nmod store;\n",
    ),
    (
        "src/store.rs",
        "//! The SQL of NAME: functions over `&mut TenantTx`, checked at compile time. No other crate names these tables.\n",
    ),
    ("src/routes.rs", "//! Paths, bodies, answers and docs of NAME. Each handler: extract, command, answer.\n"),
    ("tests/it/main.rs", "//! The acceptance checks of NAME, over the real router and a real database.\n"),
];
