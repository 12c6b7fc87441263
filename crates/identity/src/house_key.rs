//! Turning the installation's own key over, and what stands in the way of giving an earlier one up.

use crate::handle::Identity;
use crate::store::organizations;
use kernel::Error;
use kernel::ids::OrganizationId;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{HouseColumn, PlatformReason, Reach, SealedColumn, reseal, sealed_by_house};

/// What identity seals with the installation's key. What people seal with their own keys lies behind `person_keys`.
pub(crate) const COLUMNS: &[HouseColumn] = &[
    column("signing_keys", "private_sealed", "convert_to(kid, 'UTF8')", Reach::App),
    column("ceremonies", "sealed", "token_hash", Reach::App),
    column("totp_factors", "secret_sealed", "uuid_send(user_id)", Reach::EachOrganization),
    column("person_keys", "key_sealed", "uuid_send(user_id)", Reach::Functions),
];

const fn column(table: &'static str, column: &'static str, row: &'static str, reach: Reach) -> HouseColumn {
    HouseColumn { table, column, place: column, row, reach }
}

/// Values sealed anew in one transaction.
const STEP: i64 = 200;

/// What a round of turning over did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rekeyed {
    /// Organizations' data keys that the key in use wraps since this run.
    pub wrapped: u64,
    /// Values that the key in use seals since this run.
    pub resealed: u64,
}

/// Which keys sealed what.
#[derive(Clone, Debug, Serialize)]
pub struct KeyStatus {
    /// The installation's keys that are given, by name, the one in use first.
    pub keys: Vec<String>,
    pub columns: Vec<ColumnKeys>,
}

/// How many values of a column each key sealed.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnKeys {
    pub table: &'static str,
    pub column: &'static str,
    /// By the key's name.
    pub sealed_by: BTreeMap<String, u64>,
}

impl KeyStatus {
    /// Values that only this key opens, column by column.
    pub fn needs(&self, key: &str) -> Vec<(&ColumnKeys, u64)> {
        let of_it = |column: &ColumnKeys| column.sealed_by.get(key).copied().filter(|n| *n > 0);
        self.columns.iter().filter_map(|column| Some((column, of_it(column)?))).collect()
    }

    /// Values that another key than the one in use sealed.
    pub fn left(&self) -> u64 {
        let Some((current, earlier)) = self.keys.split_first() else { return 0 };
        let all = self.columns.iter().flat_map(|column| &column.sealed_by);
        all.filter(|(key, _)| *key != current && earlier.contains(*key)).map(|(_, n)| n).sum()
    }
}

impl Identity {
    /// Seals with the installation's key in use whatever an earlier one sealed, beside the running house and a few hundred
    /// values at a time. May end anywhere: the next call goes on.
    ///
    /// # Errors
    /// When a statement fails or a value does not open; what is done stays done.
    pub async fn reseal_house(&self) -> Result<Rekeyed, Error> {
        let parts = &self.0;
        let mut done = Rekeyed { wrapped: self.rewrap_data_keys().await?, resealed: 0 };
        let organizations = self.every_organization().await?;
        for column in self.house_columns() {
            loop {
                let step = parts.sealer.reseal_house(&parts.db, &parts.ids, *column, &organizations, STEP).await?;
                done.resealed += step;
                if step == 0 {
                    break;
                }
            }
        }
        for organization in organizations {
            for column in self.sealed_columns() {
                done.resealed += self.reseal_older(organization, *column).await?;
            }
        }
        Ok(done)
    }

    /// Which keys sealed what, counted now.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn key_status(&self) -> Result<KeyStatus, Error> {
        let parts = &self.0;
        let mut tx = parts.db.platform(PlatformReason::Operator).await?;
        let data_keys = parts.sealer.count_data_keys(&mut tx).await?;
        tx.commit().await?;
        let mut columns = vec![ColumnKeys { table: "data_keys", column: "wrapped", sealed_by: data_keys }];
        let organizations = self.every_organization().await?;
        for column in self.house_columns() {
            let sealed_by = parts.sealer.count_house(&parts.db, *column, &organizations).await?;
            columns.push(ColumnKeys { table: column.table, column: column.column, sealed_by });
        }
        for column in self.sealed_columns() {
            let mut sealed_by = BTreeMap::new();
            for organization in &organizations {
                let mut tx = parts.db.tenant(*organization).await?;
                for (key, of_it) in sealed_by_house(&mut tx, *column).await? {
                    *sealed_by.entry(key).or_default() += of_it;
                }
                tx.commit().await?;
            }
            columns.push(ColumnKeys { table: column.table, column: column.column, sealed_by });
        }
        Ok(KeyStatus { keys: parts.sealer.key_names(), columns })
    }

    /// What the installation's key sealed before the organization had one of its own.
    async fn reseal_older(&self, organization: OrganizationId, column: SealedColumn) -> Result<u64, Error> {
        let parts = &self.0;
        let mut done = 0;
        loop {
            let mut tx = parts.db.tenant(organization).await?;
            if sealed_by_house(&mut tx, column).await?.is_empty() {
                return Ok(done);
            }
            let own = parts.sealer.for_tenant(&mut tx, &parts.ids, parts.clock.now()).await?;
            done += reseal(&mut tx, &own, &parts.ids, column, STEP).await?.anew;
            tx.commit().await?;
        }
    }

    async fn every_organization(&self) -> Result<Vec<OrganizationId>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::Operator).await?;
        let organizations = organizations::every_id(&mut tx).await?;
        tx.commit().await?;
        Ok(organizations)
    }
}
