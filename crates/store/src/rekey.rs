//! Turning the installation's key over: what an earlier one sealed is sealed anew with the one in use, a batch a
//! transaction, beside the running house. Where the work stands is in the values themselves (each names its key), so it
//! may end anywhere and be taken up again.
//!
//! Values of organizations' own keys ([`crate::SealedColumn`]) are of no concern here, but for those from before there
//! were such keys; what a person's key sealed lies behind `person_keys`.

use crate::database::Database;
use crate::error::DbError;
use crate::platform_tx::{INSTALLATION, PlatformReason};
use crate::seal::{Place, Sealer};
use kernel::ids::OrganizationId;
use kernel::{Error, Ids};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::collections::BTreeMap;

/// A column whose values [`Sealer`] itself seals. The domain that owns it lists it: the texts are SQL of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HouseColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// The column as the value's [`Place`] names it.
    pub place: &'static str,
    /// The row of the value's [`Place`], of type `bytea`; behind functions they say it.
    pub row: &'static str,
    pub reach: Reach,
}

/// Who reaches the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The application role, all rows at once.
    App,
    /// The application role, in each organization its own.
    EachOrganization,
    /// The worker role.
    Worker,
    /// The worker role, the value being the member `sealed` of a job's payload ([`crate::jobs::SealedPayload`]).
    Payload,
    /// No role of the product: the functions `sealed_TABLE`, `reseal_TABLE`, `counted_TABLE`.
    Functions,
}

/// The sealed columns of `store`'s own tables. Data keys are wrapped anew by
/// [`Sealer::rewrap_data_keys`], because another provider may wrap them.
pub const STORE_COLUMNS: &[HouseColumn] = &[
    HouseColumn {
        table: "lasting_keys",
        column: "key_sealed",
        place: "key_sealed",
        row: "convert_to(purpose || '/' || version, 'UTF8')",
        reach: Reach::App,
    },
    payload_of("jobs"),
    payload_of("dead_jobs"),
];

const fn payload_of(table: &'static str) -> HouseColumn {
    HouseColumn {
        table,
        column: "payload",
        place: "payload",
        row: "uuid_send((payload->>'id')::uuid)",
        reach: Reach::Payload,
    }
}

/// A value with where it lies.
struct Found {
    /// For the update: the row's place in the table, or nothing behind functions.
    at: String,
    organization: Vec<u8>,
    row: Vec<u8>,
    sealed: Vec<u8>,
}

impl Sealer {
    /// Seals up to `most` values of a column with the key in use; answers how many, 0 at the end. Rows that somebody
    /// holds at this moment are left for the next call.
    ///
    /// # Errors
    /// When a statement fails, or a value does not open.
    pub async fn reseal_house(
        &self,
        db: &Database,
        ids: &Ids,
        column: HouseColumn,
        organizations: &[OrganizationId],
        most: i64,
    ) -> Result<u64, Error> {
        let of = match column.reach {
            Reach::EachOrganization => organizations,
            Reach::App => &[INSTALLATION],
            Reach::Worker | Reach::Payload | Reach::Functions => {
                let mut tx = db.platform(PlatformReason::Operator).await?;
                let done = self.step(tx.conn(), ids, column, most).await?;
                tx.commit().await?;
                return Ok(done);
            }
        };
        let mut done = 0;
        for organization in of {
            let mut tx = db.tenant(*organization).await?;
            done += self.step(tx.conn(), ids, column, most).await?;
            tx.commit().await?;
        }
        Ok(done)
    }

    async fn step(&self, conn: &mut PgConnection, ids: &Ids, column: HouseColumn, most: i64) -> Result<u64, Error> {
        let found = sqlx::query(AssertSqlSafe(column.select()))
            .bind(self.beginning())
            .bind(most)
            .fetch_all(&mut *conn)
            .await
            .map_err(DbError::from)?;
        let mut done = 0;
        for row in &found {
            let found = Found::read(row).map_err(DbError::from)?;
            let place = Place {
                organization: &found.organization,
                table: column.place_table(),
                column: column.place,
                row: &found.row,
            };
            let value = self.open(place, &found.sealed)?;
            let anew = self.seal(ids, place, &value)?;
            let changed = match column.reach {
                Reach::Functions => {
                    let call = format!("select reseal_{}($1, $2, $3, $4)", column.table);
                    let query = sqlx::query(AssertSqlSafe(call)).bind(&found.organization).bind(&found.row);
                    query.bind(&found.sealed).bind(anew).execute(&mut *conn).await
                }
                _ => {
                    let query = sqlx::query(AssertSqlSafe(column.update())).bind(&found.at).bind(&found.sealed);
                    query.bind(anew).execute(&mut *conn).await
                }
            };
            done += changed.map_err(DbError::from)?.rows_affected();
        }
        Ok(done)
    }

    /// How many values of a column each key sealed, by the key's name.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn count_house(
        &self,
        db: &Database,
        column: HouseColumn,
        organizations: &[OrganizationId],
    ) -> Result<BTreeMap<String, u64>, Error> {
        let of = match column.reach {
            Reach::EachOrganization => organizations,
            Reach::App => &[INSTALLATION],
            Reach::Worker | Reach::Payload | Reach::Functions => {
                let mut tx = db.platform(PlatformReason::Operator).await?;
                let counted = counted(tx.conn(), column).await?;
                tx.commit().await?;
                return Ok(counted);
            }
        };
        let mut all = BTreeMap::new();
        for organization in of {
            let mut tx = db.tenant(*organization).await?;
            for (key, of_it) in counted(tx.conn(), column).await? {
                // A person with places in two organizations is seen from both: the greater number is a bound.
                *all.entry(key).or_default() += of_it;
            }
            tx.commit().await?;
        }
        Ok(all)
    }

    /// The names of the installation's keys that are given, the one in use first.
    pub fn key_names(&self) -> Vec<String> {
        self.masters().map(name).collect()
    }

    /// How a value begins that the key in use sealed.
    fn beginning(&self) -> Vec<u8> {
        let mut beginning = vec![crate::seal::VERSION];
        beginning.extend(self.masters().next().into_iter().flatten());
        beginning
    }
}

async fn counted(conn: &mut PgConnection, column: HouseColumn) -> Result<BTreeMap<String, u64>, DbError> {
    let rows = sqlx::query(AssertSqlSafe(column.count())).fetch_all(conn).await?;
    let mut counted = BTreeMap::new();
    for row in rows {
        let (beginning, of_it): (Vec<u8>, i64) = (row.try_get("beginning")?, row.try_get("of_it")?);
        if let Some((version, key)) = beginning.split_first()
            && *version == crate::seal::VERSION
        {
            counted.insert(name(key), u64::try_from(of_it).unwrap_or_default());
        }
    }
    Ok(counted)
}

fn name(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Found {
    fn read(row: &sqlx::postgres::PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            at: row.try_get("at")?,
            organization: row.try_get("organization")?,
            row: row.try_get("place")?,
            sealed: row.try_get("sealed")?,
        })
    }
}

impl HouseColumn {
    /// The stored value as `bytea`.
    fn value(&self) -> String {
        match self.reach {
            Reach::Payload => format!("decode({}->>'sealed', 'base64')", self.column),
            _ => self.column.to_owned(),
        }
    }

    /// Rows that hold one.
    fn present(&self) -> String {
        match self.reach {
            Reach::Payload => format!("jsonb_typeof({0}->'sealed') = 'string' and {0} ? 'id'", self.column),
            _ => format!("{} is not null", self.column),
        }
    }

    /// Whose the value is: jobs name it, everything else here is the installation's.
    fn organization(&self) -> &'static str {
        match self.reach {
            Reach::Payload => "uuid_send(organization_id)",
            _ => "uuid_send('00000000-0000-0000-0000-000000000000')",
        }
    }

    /// Payloads are sealed before anybody knows whether the job will live or die.
    fn place_table(&self) -> &'static str {
        if self.reach == Reach::Payload { "jobs" } else { self.table }
    }

    fn select(&self) -> String {
        let (table, row, value, present) = (self.table, self.row, self.value(), self.present());
        if self.reach == Reach::Functions {
            return format!("select '' as at, organization, place, sealed from sealed_{table}($1, $2)");
        }
        format!(
            "select ctid::text as at, {} as organization, {row} as place, {value} as sealed from {table}
             where {present} and substring({value} from 1 for 5) <> $1 limit $2 for update skip locked",
            self.organization()
        )
    }

    /// The row is held since it was selected, so it is still where it was.
    fn update(&self) -> String {
        let (table, column, value) = (self.table, self.column, self.value());
        let set = match self.reach {
            Reach::Payload => {
                format!(
                    "{column} = jsonb_set({column}, '{{sealed}}', to_jsonb(translate(encode($3, 'base64'), E'\\n', '')))"
                )
            }
            _ => format!("{column} = $3"),
        };
        format!("update {table} set {set} where ctid = $1::tid and {value} = $2")
    }

    fn count(&self) -> String {
        if self.reach == Reach::Functions {
            return format!("select beginning, of_it from counted_{}()", self.table);
        }
        let value = self.value();
        format!(
            "select substring({value} from 1 for 5) as beginning, count(*) as of_it from {} where {} group by 1",
            self.table,
            self.present()
        )
    }
}
