//! Settings of e-mail.

use std::net::IpAddr;
use std::str::FromStr;

use url::Url;

use super::{ConfigError, Sources};
use crate::course::{Email, Misspelt};

/// `smtp://` or `smtps://`, and no password that would go out in the clear.
pub(super) struct SmtpUrl(String);

impl From<SmtpUrl> for String {
    fn from(url: SmtpUrl) -> Self {
        url.0
    }
}

impl FromStr for SmtpUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "smtp://host, smtp://host?tls=required or smtps://host is wanted";
        let url = Url::parse(text).map_err(|fault| format!("{wanted} ({fault})"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(wanted)?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, how)| how);
        let encrypted = match (url.scheme(), tls.as_deref()) {
            ("smtps", _) | ("smtp", Some("required")) => true,
            ("smtp", None | Some("opportunistic")) => false,
            _ => return Err(wanted.to_owned()),
        };
        let here = host == "localhost"
            || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if url.password().is_some() && !encrypted && !here {
            return Err(
                "the password would go out in the clear: use smtps:// or ?tls=required".into()
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whoever sends for others must say as whom; letters that stay here need not.
pub(super) fn sender(sources: &Sources, sends: bool) -> Result<Email, ConfigError> {
    let nobody = "testat@testat.invalid";
    match sources.get::<Email>("mail_from")? {
        Some(from) => Ok(from),
        None if sends => Err(ConfigError::Missing {
            key: "mail_from",
            why: "with smtp_url, letters need an address that they come from",
        }),
        None => nobody.parse().map_err(|fault: Misspelt| ConfigError::Value {
            place: "mail_from".to_owned(),
            value: nobody.to_owned(),
            fault: fault.to_string(),
        }),
    }
}
