//! Every migration can be taken back, and applied again to the same schema.

use crate::generate::dump;
use crate::migrations;
use crate::postgres::{Cluster, Durability};
use crate::run::Done;
use crate::tools::{self, Consent};

const DATABASE: &str = "balcao";

/// Up, down, up on a cluster of its own; compares what was there before, between and after.
pub fn check() -> Done {
    let programs = tools::postgres(Consent { given: false })?;
    let cluster = Cluster::temporary(&programs, Durability::None)?;
    let url = cluster.url(DATABASE);
    migrations::fresh_database(&cluster, DATABASE)?;
    let first = dump(&programs, &url)?;
    migrations::down_all(&cluster, DATABASE)?;
    let left: Vec<String> = beginning_with(&dump(&programs, &url)?, "CREATE ");
    super::findings("taking every migration back leaves", left)?;
    migrations::up_all(&cluster, DATABASE)?;
    let second = dump(&programs, &url)?;
    super::findings("up, down, up gives another schema than up", differences(&first, &second))
}

/// The lines that begin with `start`, which is how something that exists begins in a dump.
fn beginning_with(dump: &str, start: &str) -> Vec<String> {
    dump.lines().filter(|l| l.starts_with(start)).map(str::to_owned).collect()
}

/// Lines of one that the other has not, as a reader wants to see them.
fn differences(one: &str, two: &str) -> Vec<String> {
    let gone = one.lines().filter(|l| !two.lines().any(|t| t == *l)).map(|l| format!("- {l}"));
    let new = two.lines().filter(|l| !one.lines().any(|o| o == *l)).map(|l| format!("+ {l}"));
    let mut found: Vec<String> = gone.chain(new).collect();
    if found.is_empty() && one != two {
        found.push("the same lines in another order".into());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn a_difference_is_never_silent() {
        assert!(differences("a\nb\n", "a\nb\n").is_empty());
        assert_eq!(differences("a\nb\n", "a\nc\n"), ["- b", "+ c"]);
        assert_eq!(differences("a\nb\n", "b\na\n"), ["the same lines in another order"]);
    }
}
