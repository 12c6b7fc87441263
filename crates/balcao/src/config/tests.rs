//! The whole configuration, from names to types.

use super::*;

fn of(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = vec![("BALCAO_DATA_DIR".to_owned(), folder.path().to_str().unwrap().to_owned())];
    variables.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Config::from(&Flags::default(), &variables).map_err(|refused| refused.to_string())
}

#[test]
fn the_defaults_are_a_valid_configuration() {
    let config = of(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.roles.names(), ["api", "realtime", "worker", "scheduler"]);
    assert!(config.database.url.is_none() && config.encryption_key.is_none() && !config.production);
    assert_eq!(config.http.limits, Limits::default());
    assert_eq!(config.public_url(config.listen), "http://127.0.0.1:8080");
}

#[test]
fn bad_values_are_refused_with_the_name_that_was_used() {
    for (name, value) in [
        ("BALCAO_LISTEN", "8080"),
        ("BALCAO_ROLES", "api,cook"),
        ("BALCAO_ROLES", ","),
        ("BALCAO_PRODUCTION", "maybe"),
        ("BALCAO_PUBLIC_URL", "desk.example"),
        ("BALCAO_THREADS", "0"),
        ("BALCAO_LOG", "store=noise=x"),
        ("BALCAO_LOG_FORMAT", "xml"),
        ("BALCAO_METRICS_TOKEN", "short"),
        ("BALCAO_ENCRYPTION_KEY", "not a key"),
        ("DATABASE_URL", "mysql://x/y"),
        ("BALCAO_DATABASE_APP_CONNECTIONS", "1"),
        ("BALCAO_POSTGRES_TRANSPORT", "pigeon"),
        ("BALCAO_HTTP_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("BALCAO_HTTP_CORS_ORIGINS", "https://a.example/path"),
        ("BALCAO_HTTP_BODY_LIMIT", "big"),
        ("BALCAO_WHATSAPP_GRAPH_URL", "graph"),
        ("BALCAO_WHATSAPP_GRAPH_VERSION", "25"),
        ("DATABASE_APP_URL", "postgres://a@b/c"),
        ("BALCAO_LIMITS_READING", "many"),
        ("BALCAO_LIMITS_ANONYMOUS", "100/m"),
        ("BALCAO_MAIL_SMTP_URL", "http://mail.example"),
        ("BALCAO_MAIL_FROM", "nobody"),
    ] {
        let refused = of(&[(name, value)]).unwrap_err();
        assert!(refused.starts_with(&format!("{name} ")), "{name}={value}: {refused}");
        assert!(!refused.contains('\n'), "{refused}");
    }
}

#[test]
fn secrets_are_in_no_refusal_and_no_dump() {
    let refused = of(&[("BALCAO_ENCRYPTION_KEY", "hunter2hunter2")]).unwrap_err();
    assert!(!refused.contains("hunter2"), "{refused}");
    let config =
        of(&[("DATABASE_URL", "postgres://u:hunter2@h/d"), ("BALCAO_WHATSAPP_APP_SECRET", "hunter2")]).unwrap();
    let shown = serde_json::to_string(&dump(&config)).unwrap();
    assert!(!shown.contains("hunter2") && shown.contains("environment DATABASE_URL"), "{shown}");
    assert!(!format!("{:?}", config.channels).contains("hunter2"));
}

#[test]
fn the_graph_url_may_name_its_version() {
    for (given, url, version) in [
        ("https://graph.facebook.com/v26.0", "https://graph.facebook.com/", "v26.0"),
        ("https://graph.facebook.com/v26.0/", "https://graph.facebook.com/", "v26.0"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/", "v25.0"),
        ("http://127.0.0.1:9/meta/v3.1", "http://127.0.0.1:9/meta", "v3.1"),
        ("http://127.0.0.1:9/meta", "http://127.0.0.1:9/meta", "v25.0"),
    ] {
        let channels = of(&[("BALCAO_WHATSAPP_GRAPH_URL", given)]).unwrap().channels;
        assert_eq!((channels.graph_url.as_str(), channels.graph_version.as_str()), (url, version), "{given}");
    }
}

#[test]
fn the_file_of_the_data_folder_is_read_and_cannot_move_it() {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags { data_dir: Some(folder.path().to_path_buf()), ..Flags::default() };
    std::fs::write(folder.path().join("balcao.toml"), "production = true\n").unwrap();
    assert!(Config::from(&flags, &[]).unwrap().production);
    std::fs::write(folder.path().join("balcao.toml"), "data_dir = '/elsewhere'\n").unwrap();
    let by_variable = vec![("BALCAO_DATA_DIR".to_owned(), folder.path().to_str().unwrap().to_owned())];
    // With a flag or a variable the folder is decided; a file that says otherwise is only heard when it is asked.
    assert!(Config::from(&flags, &[]).is_ok() && Config::from(&Flags::default(), &by_variable).is_ok());
    std::fs::write(folder.path().join("balcao.toml"), "lissten = 'x'\n").unwrap();
    let refused = Config::from(&flags, &[]).unwrap_err().to_string();
    assert!(refused.starts_with("lissten in ") && refused.ends_with("did you mean listen?"), "{refused}");
}

#[test]
fn the_page_shows_every_setting() {
    let page = markdown();
    for setting in table::SETTINGS {
        assert!(page.contains(&format!("| `{}` |", setting.key)), "{}", setting.key);
    }
}

#[test]
fn every_setting_is_read() {
    // Free text: nothing that one line could hold is wrong there.
    let free = [
        "data_dir",
        "mail.folder",
        "postgres.bin_dir",
        "postgres.run_as",
        "whatsapp.app_secret",
        "whatsapp.app_secret_previous",
        "whatsapp.verify_token",
    ];
    for setting in table::SETTINGS.iter().filter(|setting| !free.contains(&setting.key)) {
        let name = setting.env[0];
        let refused = of(&[(name, "!=no=value=!")]).expect_err(name);
        assert!(refused.starts_with(&format!("{name} ")), "{name}: {refused}");
    }
}
