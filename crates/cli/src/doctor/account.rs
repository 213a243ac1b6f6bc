//! The API key and the account: version, permissions, IP list, region, mode.

use kucoin_streams::WsKey;
use kucoin_streams::decode::Record;
use kucoin_streams::rest::{
    AccountModeInfo, AccountModeKind, AccountModeRow, ApiKeyInfo, ApiKeyRow, Permission,
    QueryError, RawPage,
};

use super::Doctor;
use super::finding::{Finding, is_no_answer, is_of_account};
use super::report::Check;
use crate::exit::ExitStatus;

const KEY: &str = "key";
const VERSION: &str = "version";
const PERMISSIONS: &str = "permissions";
const IP_LIST: &str = "ip-list";
const REGION: &str = "region";

/// The permissions that streams or recovery use.
const USED: [Permission; 5] = [
    Permission::General,
    Permission::Spot,
    Permission::Margin,
    Permission::Futures,
    Permission::Unified,
];

/// The version of keys that KuCoin creates today.
const CURRENT_VERSION: u32 = 3;

impl Doctor<'_> {
    /// Checks the API key by asking KuCoin about it.
    pub(super) async fn check_key(&mut self) {
        self.report.group("Account");
        let names = [KEY, VERSION, PERMISSIONS, IP_LIST, REGION];
        if let Some(cause) = self.spot_down.or(self.key_refused) {
            let skipped = names.map(Check::new);
            return skipped
                .into_iter()
                .for_each(|check| self.report.skipped(check, cause));
        }
        self.report.begin(&Check::new(KEY));
        let page = self.ask(&ApiKeyInfo::new().into()).await;
        match page.map(|page| first_row::<ApiKeyRow>(&page)) {
            Ok(Some(row)) => self.check_row(&row),
            Ok(None) => {
                let finding = Finding::new("KuCoin's reply does not describe the key");
                self.report.warning(Check::new(KEY), finding);
            }
            Err(error) => {
                let code = error.code().unwrap_or_default();
                let name = match code {
                    "400006" => IP_LIST,
                    "400007" | "400010" => PERMISSIONS,
                    "400008" | "400009" => VERSION,
                    code if code.len() == 6 && code.starts_with("4003") => REGION,
                    _ => KEY,
                };
                let refuses_all = is_of_account(code) && !matches!(code, "400007");
                let cause = self
                    .report
                    .failed(Check::new(name), Finding::of_query(&error));
                self.key_refused = refuses_all.then_some(cause);
                self.rest_down = is_no_answer(&error).then_some(cause);
                for other in names.into_iter().filter(|other| *other != name) {
                    self.report.skipped(Check::new(other), cause);
                }
            }
        }
    }

    fn check_row(&mut self, row: &ApiKeyRow) {
        let whose = match row.is_master {
            Some(false) => "of a sub-account",
            _ => "of a master account",
        };
        self.report
            .ok(Check::new(KEY), format!("accepted, {whose}"));
        let check = Check::new(VERSION);
        match row.api_version {
            Some(version) if version < CURRENT_VERSION => {
                let text =
                    format!("the key has the old version {version}, which KuCoin may refuse");
                let finding = Finding::new(text).with_remedy("create a new API key, of version 3");
                self.report.warning(check, finding);
            }
            Some(version) => self.report.ok(check, version.to_string()),
            None => self.report.ok(check, "accepted"),
        }
        self.check_permissions(row);
        let check = Check::new(IP_LIST);
        match row.ip_whitelist.as_deref().unwrap_or_default() {
            "" => {
                let finding = Finding::new("every IP address may use the key")
                    .with_remedy("restrict the key to the addresses of your machines");
                self.report.warning(check, finding);
            }
            list => {
                let count = list.split(',').count();
                let plural = if count == 1 { "address" } else { "addresses" };
                let text = format!("this machine is allowed ({count} {plural} in the list)");
                self.report.ok(check, text);
            }
        }
        let region = self.args.hosts.region.as_str();
        let text = match self.args.demo || self.args.hosts.rest_url.is_some() {
            true => "the host accepts the key".to_owned(),
            false => format!("{region}: its hosts accept the key"),
        };
        self.report.ok(Check::new(REGION), text);
    }

    fn check_permissions(&mut self, row: &ApiKeyRow) {
        let check = Check::new(PERMISSIONS);
        let Some(permissions) = row.permissions.as_deref() else {
            let finding = Finding::new("KuCoin does not say which permissions the key has");
            return self.report.warning(check, finding);
        };
        if !row.has_permission(Permission::General) {
            let finding = Finding::new("the key lacks the permission `General`")
                .with_remedy("give the API key the permission `General`")
                .with_status(ExitStatus::Refused);
            self.report.failed(check, finding);
            return;
        }
        let names = permissions.split(',').map(str::trim);
        let is_used = |name: &&str| USED.iter().any(|it| name.eq_ignore_ascii_case(it.as_str()));
        let (used, unused): (Vec<&str>, Vec<&str>) =
            names.filter(|name| !name.is_empty()).partition(is_used);
        match &unused[..] {
            [] if used.len() > 1 => {
                let text =
                    "streams need only General; recovery uses the others, which also allow trading";
                self.report
                    .ok(check, format!("{} ({text})", used.join(", ")));
            }
            [] => self.report.ok(check, used.join(", ")),
            _ => {
                let text = format!(
                    "the key has permissions that neither streams nor recovery need: {}",
                    unused.join(", ")
                );
                let finding = Finding::new(text).with_remedy("remove them from the API key");
                self.report.warning(check, finding);
            }
        }
    }

    /// Checks the mode of the account; returns the connections that it needs.
    pub(super) async fn check_mode(&mut self) -> Vec<WsKey> {
        let classic = vec![WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1];
        let check = Check::new("mode");
        let obstacle = self.spot_down.or(self.key_refused).or(self.rest_down);
        let needed = match obstacle {
            Some(cause) => {
                self.report.skipped(check, cause);
                classic
            }
            None => {
                self.report.begin(&check);
                let page = self.ask(&AccountModeInfo::new().into()).await;
                match page.map(|page| first_row(&page)) {
                    Ok(Some(AccountModeRow {
                        mode: AccountModeKind::Unified,
                        ..
                    })) => {
                        self.report.ok(check, "unified account: use privateProV2");
                        vec![WsKey::PrivateProV2]
                    }
                    Ok(Some(_)) => {
                        self.is_classic = true;
                        let text = "classic account: use spotPrivateV1 and futuresPrivateV1";
                        self.report.ok(check, text);
                        classic
                    }
                    Ok(None) => {
                        self.unknown_mode(check, Finding::new("KuCoin does not say the mode"));
                        classic
                    }
                    Err(error) => {
                        self.mode_error(check, &error);
                        classic
                    }
                }
            }
        };
        match self.args.ws_key.is_empty() {
            true => needed,
            false => self.args.ws_key.clone(),
        }
    }

    fn mode_error(&mut self, check: Check, error: &QueryError) {
        let finding = Finding::of_query(error);
        match error.code() {
            Some(code) if is_of_account(code) => {
                self.key_refused = Some(self.report.failed(check, finding));
            }
            _ => self.unknown_mode(check, finding),
        }
    }

    fn unknown_mode(&mut self, check: Check, finding: Finding) {
        let finding = finding.and("; the account is taken for a classic one");
        self.report.warning(check, finding);
    }
}

/// Returns the row of a reply that has one; `None` if there is none, or if it is unreadable.
fn first_row<R: Record>(page: &RawPage) -> Option<R> {
    page.rows().ok()?.into_iter().next()
}
