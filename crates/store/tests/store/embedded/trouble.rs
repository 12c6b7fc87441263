//! Every reason not to start: one sentence and one exit code each.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use store::embedded::{self, EmbeddedError, Settings};

use super::{Place, is_root, run, text};

async fn refused(settings: &Settings) -> EmbeddedError {
    let error = embedded::start(settings).await.unwrap_err();
    let sentence = error.to_string();
    assert!(!sentence.contains('\n'), "one sentence: {sentence}");
    error
}

/// A folder with programs that are shell scripts.
fn fake_programs(place: &Place, version: &str, initdb: &str) -> PathBuf {
    let folder = place.path("programs");
    fs::create_dir(&folder).unwrap();
    for (name, script) in
        [("postgres", format!("echo 'postgres (PostgreSQL) {version}'")), ("initdb", initdb.to_owned())]
    {
        fs::write(folder.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// A small file system of its own, where the machine lets us make one; gone with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let options = format!("size={size},mode=0755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(path))
    }

    fn read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap().success());
    }

    fn fill(&self) {
        let file = fs::File::create(self.0.join("filler")).unwrap();
        std::io::copy(&mut std::io::repeat(0), &mut &file).unwrap_err();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn no_programs() {
    let place = Place::new();
    let error = refused(&Settings { bin_dir: Some(place.path("nothing")), ..place.settings() }).await;
    assert_eq!(error.exit_code(), 20);
    assert!(error.to_string().contains("15 or newer"), "{error}");
}

#[tokio::test]
async fn programs_too_old() {
    let place = Place::new();
    let bin_dir = fake_programs(&place, "13.4", "exit 1");
    let error = refused(&Settings { bin_dir: Some(bin_dir.clone()), ..place.settings() }).await;
    assert_eq!(error.exit_code(), 21);
    assert_eq!(error.to_string(), format!("found PostgreSQL 13.4 at {}, need 15 or newer", bin_dir.display()));
}

#[tokio::test]
async fn data_of_another_major_version() {
    let place = Place::new();
    let folder = place.cluster();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("PG_VERSION"), "14\n").unwrap();
    let bin_dir = fake_programs(&place, "16.2", "exit 1");
    let error = refused(&Settings { bin_dir: Some(bin_dir), ..place.settings() }).await;
    assert_eq!(error.exit_code(), 22);
    assert!(error.to_string().contains("was made by PostgreSQL 14, but the programs at"), "{error}");
}

#[tokio::test]
async fn a_file_in_the_place_of_the_data_folder() {
    let place = Place::new();
    fs::write(place.data(), "").unwrap();
    let error = refused(&place.settings()).await;
    assert_eq!(error.exit_code(), 23);
    assert!(error.to_string().starts_with(&format!("cannot write to {}", place.data().display())), "{error}");
}

#[tokio::test]
async fn a_read_only_disk() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(place.path("disk"), "1m") else { return };
    disk.read_only();
    let error = refused(&Settings { data_dir: disk.0.join("data"), ..Settings::default() }).await;
    assert_eq!(error.exit_code(), 23);
    assert!(error.to_string().contains("Read-only file system"), "{error}");
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_first_start() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(place.path("disk"), "24m") else { return };
    let error = refused(&Settings { data_dir: disk.0.join("data"), ..Settings::default() }).await;
    assert_eq!(error.exit_code(), 24, "{error}");
    let left = fs::read_dir(disk.0.join("data/postgres")).unwrap().flatten();
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("init-")));
}

#[tokio::test]
async fn a_disk_that_is_full_at_a_later_start() {
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(place.path("disk"), "120m") else { return };
    let settings = Settings { data_dir: disk.0.join("data"), ..Settings::default() };
    let embedded = embedded::start(&settings).await.unwrap();
    run(embedded.server(), "create table kept (word text); insert into kept values ('safe')").await;
    embedded.stop().await.unwrap();
    disk.fill();
    assert_eq!(refused(&settings).await.exit_code(), 24);
    fs::remove_file(disk.0.join("filler")).unwrap();
    let embedded = embedded::start(&settings).await.unwrap();
    assert_eq!(text(embedded.server(), "select word from kept").await, "safe");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn an_initdb_without_space_or_with_a_reason_of_its_own() {
    let place = Place::new();
    let bin_dir =
        fake_programs(&place, "16.2", "echo 'initdb: error: could not write: No space left on device' >&2; exit 1");
    let settings = Settings { bin_dir: Some(bin_dir.clone()), ..place.settings() };
    assert_eq!(refused(&settings).await.exit_code(), 24);
    fs::write(bin_dir.join("initdb"), "#!/bin/sh\necho 'initdb: error: the moon is wrong' >&2; exit 1\n").unwrap();
    let error = refused(&settings).await;
    assert_eq!(error.exit_code(), 31);
    assert!(error.to_string().ends_with("initdb: error: the moon is wrong"), "{error}");
    assert!(!place.cluster().exists());
}

#[tokio::test]
async fn a_second_server() {
    let place = Place::new();
    let first = place.start().await;
    let error = refused(&place.settings()).await;
    assert_eq!(error.exit_code(), 25);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert_eq!(text(first.server(), "select 'unharmed'").await, "unharmed");
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_of_somebody_else() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    chown(place.data().join("postgres"), Some(4_000_000), None).unwrap();
    let error = refused(&place.settings()).await;
    assert_eq!(error.exit_code(), 26);
    assert!(error.to_string().contains("belongs to user number 4000000"), "{error}");
}

#[tokio::test]
async fn a_copy_that_root_made_is_handed_over() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let first = place.start().await;
    run(first.server(), "create table kept (word text); insert into kept values ('copied')").await;
    first.stop().await.unwrap();
    let copy = place.path("copy");
    assert!(Command::new("cp").arg("-r").arg(place.data()).arg(&copy).status().unwrap().success());
    let settings = Settings { data_dir: copy, ..Settings::default() };
    let embedded = embedded::start(&settings).await.unwrap();
    assert_eq!(text(embedded.server(), "select word from kept").await, "copied");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_closed_folder_on_the_way() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let home = place.path("home-of-root");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let error = refused(&Settings { data_dir: home.join("data"), ..Settings::default() }).await;
    assert_eq!(error.exit_code(), 27);
    assert!(error.to_string().contains(&format!("may not enter {}:", home.display())), "{error}");
}

#[tokio::test]
async fn a_user_that_does_not_exist() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let error = refused(&Settings { run_as: Some("no-such-user-here".into()), ..place.settings() }).await;
    assert_eq!(error.exit_code(), 28);
}

#[tokio::test]
async fn another_user_when_it_is_named() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let settings = Settings { run_as: Some("nobody".into()), ..place.settings() };
    let first = embedded::start(&settings).await.unwrap();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap().uid.as_raw();
    assert_eq!(owner(&place.cluster()), nobody);
    first.stop().await.unwrap();
    // Later starts keep to the owner without being told.
    let second = place.start().await;
    assert_eq!(text(second.server(), "select 'kept'").await, "kept");
    assert_eq!(owner(&place.cluster()), nobody);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn something_else_in_the_place_of_the_cluster() {
    let place = Place::new();
    fs::create_dir_all(place.cluster()).unwrap();
    fs::write(place.cluster().join("precious.txt"), "mine").unwrap();
    assert_eq!(refused(&place.settings()).await.exit_code(), 29);
    assert_eq!(fs::read_to_string(place.cluster().join("precious.txt")).unwrap(), "mine");
}

#[tokio::test]
async fn a_password_that_is_lost_or_wrong() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    let file = place.data().join("postgres.password");
    fs::write(&file, "something else").unwrap();
    let error = refused(&place.settings()).await;
    assert_eq!(error.exit_code(), 30);
    assert!(error.to_string().contains("is wrong"), "{error}");
    assert!(!place.cluster().join("postmaster.pid").exists(), "it was stopped again");
    fs::remove_file(&file).unwrap();
    let error = refused(&place.settings()).await;
    assert_eq!(error.exit_code(), 30);
    assert!(error.to_string().contains("is missing"), "{error}");
}

#[tokio::test]
async fn a_setting_that_postgresql_does_not_know() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    let conf = place.cluster().join("postgresql.auto.conf");
    fs::write(&conf, "no_such_setting = 1\n").unwrap();
    let error = refused(&place.settings()).await;
    assert_eq!(error.exit_code(), 32);
    assert!(error.to_string().contains("postgresql.auto.conf"), "{error}");
}

fn owner(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).unwrap())
}
