//! A query: an endpoint with its parameters, and the exact bytes that are signed and sent.

use std::fmt::Write;

use kucoin_streams_core::{Side, Text, Timestamp};
use kucoin_streams_decode::Record;

use crate::{Endpoint, Paging, TradeType, UnifiedVersion};

/// A query of any endpoint.
///
/// It is the erased form of the query types, such as [`SpotFills`](crate::SpotFills). Two queries are equal if they send the same request, regardless of the order of their setters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    endpoint: &'static Endpoint,
    /// The ID in the path.
    path_id: Option<Text>,
    /// Names and values, in the order of the endpoint's parameters.
    params: Vec<(&'static str, Text)>,
}

/// A typed query: its endpoint and the type of its rows.
pub trait QueryOf: Into<Query> {
    /// The type of a row.
    type Row: Record;

    /// The endpoint.
    const ENDPOINT: &'static Endpoint;
}

impl Query {
    /// Creates a query without parameters, with the largest page size.
    pub(crate) fn new(endpoint: &'static Endpoint) -> Self {
        let mut query = Self {
            endpoint,
            path_id: None,
            params: Vec::new(),
        };
        // The server's default is smaller, and differs by endpoint.
        query.set_page_size(u32::MAX);
        query
    }

    /// Returns the endpoint.
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// Returns the value of a parameter; `None` if it is not set.
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    /// Returns names and values of the parameters, in the order of the query string.
    pub fn params(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.params.iter().map(|(name, value)| (*name, &**value))
    }

    /// Returns the ID in the path, such as an order ID; `None` if the path has none.
    pub fn path_id(&self) -> Option<&str> {
        self.path_id.as_deref()
    }

    /// Returns path and query string, exactly as signed and sent.
    ///
    /// Letters, digits and `_.~-,` are written as they are; all other characters are percent-encoded, and the encoded
    /// form is signed.
    pub fn path_and_query(&self, version: UnifiedVersion) -> String {
        let path = self.endpoint.versioned_path(version);
        let mut text = match (path.split_once('{'), &self.path_id) {
            (Some((before, rest)), Some(id)) => {
                let after = rest.split_once('}').map_or("", |(_, after)| after);
                format!("{before}{}{after}", encoded(id))
            }
            _ => path,
        };
        for (at, (name, value)) in self.params.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&encoded(value));
        }
        text
    }

    /// Sets the ID in the path.
    pub(crate) fn set_path_id(&mut self, id: impl Into<Text>) {
        self.path_id = Some(id.into());
    }

    /// Sets a parameter, and keeps the order of the endpoint's parameters.
    pub(crate) fn set(&mut self, name: &'static str, value: Text) {
        let rank = self.rank(name);
        let at = self
            .params
            .partition_point(|(known, _)| self.rank(known) < rank);
        match self.params.get_mut(at) {
            Some(found) if found.0 == name => found.1 = value,
            _ => self.params.insert(at, (name, value)),
        }
    }

    /// Sets the number of rows per page, at most the endpoint's maximum.
    pub(crate) fn set_page_size(&mut self, rows: u32) {
        if let Some((name, max)) = self.endpoint.paging().size() {
            self.set(name, rows.min(max).param_text());
        }
    }

    /// Returns the same query for another page.
    pub(crate) fn with_page(&self, page: Text) -> Self {
        let mut query = self.clone();
        if let Some(name) = self.endpoint.paging().page() {
            query.set(name, page);
        }
        query
    }

    /// Returns the number of rows per page; `None` if one reply has all rows.
    pub(crate) fn page_size(&self) -> Option<usize> {
        let (name, _) = self.endpoint.paging().size()?;
        self.param(name)?.parse().ok()
    }

    /// Returns the cursor or number of the page; `None` for the first page.
    pub(crate) fn page(&self) -> Option<&str> {
        self.param(self.endpoint.paging().page()?)
    }

    /// Returns the position of a parameter in the query string.
    fn rank(&self, name: &str) -> usize {
        let params = self.endpoint.params();
        let paging: Paging = self.endpoint.paging();
        let known = params.iter().position(|known| *known == name);
        known.unwrap_or(params.len() + usize::from(paging.page() != Some(name)))
    }
}

/// Percent-encodes all characters but letters, digits and `_.~-,`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string never fails.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A value of a parameter, as text.
pub(crate) trait ParamValue {
    fn param_text(&self) -> Text;
}

impl ParamValue for Text {
    fn param_text(&self) -> Text {
        self.clone()
    }
}

/// Milliseconds, the unit of all times in queries: KuCoin answers seconds with an empty list.
impl ParamValue for Timestamp {
    fn param_text(&self) -> Text {
        self.as_millis().to_string().into()
    }
}

/// Lower case, as the V1 endpoints write it.
impl ParamValue for Side {
    fn param_text(&self) -> Text {
        self.as_str().into()
    }
}

impl ParamValue for TradeType {
    fn param_text(&self) -> Text {
        self.as_str().into()
    }
}

impl ParamValue for bool {
    fn param_text(&self) -> Text {
        Text::from_static(if *self { "true" } else { "false" })
    }
}

impl ParamValue for u32 {
    fn param_text(&self) -> Text {
        self.to_string().into()
    }
}

/// Returns a side in upper case, as the endpoints of a unified account write it.
pub(crate) fn uppercase_side(side: &Side) -> Text {
    side.as_uppercase_str().into()
}

/// Defines the query type of one endpoint, and its documentation from the same table.
///
/// ```text
/// query! {
///     /// Own fills of one symbol, newest first.
///     pub struct SpotFills -> SpotFillRow {
///         Spot GET "/api/v1/hf/fills", pool Spot, weight 2, permission General, paging last_id("limit", 100);
///         required symbol: Text = "symbol";
///         optional order_id: Text = "orderId", side: Side = "side", from: Timestamp = "startAt";
///     }
/// }
/// ```
///
/// - `paging`: `whole`, `number("currentPage", "pageSize", 500)`, `last_id("limit", 100)` or `offset("offset", 50)` (the
///   field of a row with its cursor).
/// - `rows in "accounts", "currencies";`: the members of `data` that lead to the rows, unless `data` is the list or
///   has it as `items`.
/// - `path id;`: the argument of `new` for the ID in the path.
/// - `fixed "status" = "active";`: a parameter that is always sent.
/// - `required`, `optional`: argument of `new`, or setter. An argument is `impl Into` of its type. A doc comment before
///   an optional parameter is added to its setter. `with function` after the wire name: how the value is written.
///
/// Write the clauses in this order. Parameters are sent in this order too: fixed, required, optional, page.
macro_rules! query {
    (
        $(#[$meta:meta])*
        pub struct $name:ident -> $row:ty {
            $host:ident GET $path:literal, pool $pool:ident, weight $weight:literal,
            permission $permission:ident, paging $paging:ident $(($($page:literal),*))?;
            $(rows in $($row_path:literal),+;)?
            $(path $id:ident;)?
            $(fixed $($fixed:literal = $value:literal),+;)?
            $(required $($need:ident: $need_type:ty = $need_wire:literal $(with $need_with:path)?),+;)?
            $(optional $(
                $(#[$opt_meta:meta])*
                $opt:ident: $opt_type:ty = $opt_wire:literal $(with $opt_with:path)?
            ),+;)?
        }
    ) => {
        $(#[$meta])*
        #[doc = ""]
        #[doc = concat!(
            "`GET ", $path, "` on the host ", stringify!($host), "; pool ", stringify!($pool), ", weight ", $weight,
            "; permission `", stringify!($permission), "`; ",
            $crate::query::paging!(text $paging $($($page),*)?), "."
        )]
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[must_use = "a query does nothing until it is sent"]
        pub struct $name($crate::Query);

        impl $crate::QueryOf for $name {
            type Row = $row;

            const ENDPOINT: &'static $crate::Endpoint = &$crate::Endpoint::new(
                ($crate::RestHost::$host, $path),
                ($crate::Pool::$pool, $weight),
                $crate::Permission::$permission,
                $crate::query::paging!(value $paging $($($page),*)?),
                &[$($($fixed,)+)? $($($need_wire,)+)? $($($opt_wire,)+)?],
                &[$($($row_path),+)?],
            );
        }

        impl $name {
            /// Creates the query with its required parameters.
            #[allow(clippy::new_without_default)]
            pub fn new($($id: impl Into<::kucoin_streams_core::Text>,)? $($($need: impl Into<$need_type>),+)?) -> Self {
                #[allow(unused_mut)]
                let mut query = $crate::Query::new(<Self as $crate::QueryOf>::ENDPOINT);
                $(query.set_path_id($id);)?
                $($(query.set($fixed, ::kucoin_streams_core::Text::from_static($value));)+)?
                $($(
                    let $need: $need_type = $need.into();
                    query.set($need_wire, $crate::query::param!($need $(, $need_with)?));
                )+)?
                Self(query)
            }

            $($(
                #[doc = concat!("Sets the parameter `", $opt_wire, "`.")]
                #[doc = ""]
                $(#[$opt_meta])*
                pub fn $opt(mut self, $opt: impl Into<$opt_type>) -> Self {
                    let $opt: $opt_type = $opt.into();
                    self.0.set($opt_wire, $crate::query::param!($opt $(, $opt_with)?));
                    self
                }
            )+)?

            $crate::query::paging!(setter $paging $($($page),*)?);
        }

        #[cfg(feature = "client")]
        impl $crate::PreparedQuery<$name> {
            $($(
                #[doc = concat!("Sets the parameter `", $opt_wire, "`.")]
                #[doc = ""]
                $(#[$opt_meta])*
                pub fn $opt(self, $opt: impl Into<$opt_type>) -> Self {
                    self.map(|query| query.$opt($opt))
                }
            )+)?

            $crate::query::paging!(prepared_setter $paging $($($page),*)?);
        }

        impl From<$name> for $crate::Query {
            fn from(query: $name) -> Self {
                query.0
            }
        }
    };
}

/// Writes the value of a parameter.
macro_rules! param {
    ($value:ident) => {
        $crate::query::ParamValue::param_text(&$value)
    };
    ($value:ident, $with:path) => {
        $with(&$value)
    };
}

/// Expands the paging clause of a query: its text, its value, and the setter of the page size.
macro_rules! paging {
    (text whole) => {
        "one reply with all rows"
    };
    (text number $number:literal, $size:literal, $max:literal) => {
        concat!("numbered pages of up to ", $max, " rows")
    };
    (text last_id $size:literal, $max:literal) => {
        concat!("pages of up to ", $max, " rows, continued by `lastId`")
    };
    (text offset $cursor:literal, $max:literal) => {
        concat!("pages of up to ", $max, " rows, continued by `offset`")
    };
    (value whole) => {
        $crate::Paging::Whole
    };
    (value number $number:literal, $size:literal, $max:literal) => {
        $crate::Paging::Number {
            number: $number,
            size: $size,
            max: $max,
        }
    };
    (value last_id $size:literal, $max:literal) => {
        $crate::Paging::LastId {
            size: $size,
            max: $max,
        }
    };
    (value offset $cursor:literal, $max:literal) => {
        $crate::Paging::Offset {
            cursor: $cursor,
            max: $max,
        }
    };
    (prepared_setter whole) => {};
    (prepared_setter $($paged:tt)*) => {
        /// Sets the number of rows per page. Default and maximum: the maximum of the endpoint.
        pub fn page_size(self, rows: u32) -> Self {
            self.map(|query| query.page_size(rows))
        }
    };
    (setter whole) => {};
    (setter $($paged:tt)*) => {
        /// Sets the number of rows per page. Default and maximum: the maximum of the endpoint.
        pub fn page_size(mut self, rows: u32) -> Self {
            self.0.set_page_size(rows);
            self
        }
    };
}

pub(crate) use {paging, param, query};
