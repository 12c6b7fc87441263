//! What one process does.

/// The roles of a process; at least one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Answers requests.
    pub api: bool,
    /// Holds sockets.
    pub realtime: bool,
    /// Works on jobs and follows the event log.
    pub worker: bool,
    /// Fires schedules.
    pub scheduler: bool,
}

impl Roles {
    /// Reads a list such as `api,realtime`.
    ///
    /// # Errors
    /// When a name is no role, or there is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut roles = Self { api: false, realtime: false, worker: false, scheduler: false };
        for name in super::forms::list(text) {
            match name {
                "api" => roles.api = true,
                "realtime" => roles.realtime = true,
                "worker" => roles.worker = true,
                "scheduler" => roles.scheduler = true,
                _ => return Err("must be a list of api, realtime, worker, scheduler".to_owned()),
            }
        }
        if roles.names().is_empty() {
            Err("must name at least one of api, realtime, worker, scheduler".to_owned())
        } else {
            Ok(roles)
        }
    }

    pub fn names(self) -> Vec<&'static str> {
        let all =
            [("api", self.api), ("realtime", self.realtime), ("worker", self.worker), ("scheduler", self.scheduler)];
        all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
    }
}
