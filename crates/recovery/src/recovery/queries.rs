//! The queries of one sweep: each is sent once, whatever number of books asks for it, with all its pages.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use kucoin_streams_core::{RetryPolicy, SourceError, Timestamp};
use kucoin_streams_rest::{FailedQuery, Pool, Query, QueryError, RawPage, UnifiedVersion};

use crate::books::{Ask, Reply};

/// Maximum number of pages of one query: 100 rows each are far more than a gap has.
const MAX_PAGES: usize = 500;
/// Codes that refuse an endpoint for every query: no permission, and no unified account.
const REFUSED_FOR_GOOD: [&str; 2] = ["400007", "112010"];

/// Number of a query, to match its reply. A reply to a query that was given up is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueryId(u64);

/// The asker of a query: index of the book, what it asks for, and its part.
pub(crate) type Asker = (usize, Ask, usize);

/// A complete reply and its askers.
pub(crate) type Answer = (Arc<Reply>, Vec<Asker>);

/// The queries of a sweep.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    next_id: u64,
    /// Pages to send.
    outbox: VecDeque<QueryId>,
    running: BTreeMap<QueryId, RunningQuery>,
    /// Replies of this sweep, for books that ask for the same.
    replies: HashMap<Query, Arc<Reply>>,
    /// Endpoints that KuCoin refuses to this API key: they are not asked again.
    refused: HashMap<&'static str, QueryError>,
    /// KuCoin refuses the API key: no query is sent until the next recovery.
    locked_out: Option<QueryError>,
    sent: u32,
    weight: u32,
}

#[derive(Debug)]
struct RunningQuery {
    /// Query of the first page.
    query: Query,
    /// Query of the page that is awaited.
    page: Query,
    pages: Vec<(RawPage, (Timestamp, Timestamp))>,
    sent_at: Timestamp,
    askers: Vec<Asker>,
}

impl Queries {
    /// Forgets the replies and gives up the queries of the sweep before.
    pub(crate) fn begin_sweep(&mut self) {
        self.outbox.clear();
        self.running.clear();
        self.replies.clear();
    }

    /// Starts a sweep that only repeats the queries that have failed.
    pub(crate) fn begin_late_sweep(&mut self) {
        self.outbox.clear();
        self.running.clear();
        self.replies.retain(|_, reply| reply.error.is_none());
    }

    /// Forgets the replies and the numbers of requests and their weight.
    pub(crate) fn begin_recovery(&mut self) {
        self.begin_sweep();
        self.locked_out = None;
        self.sent = 0;
        self.weight = 0;
    }

    /// Forgets the reply to a query, so that it is sent again.
    pub(crate) fn forget(&mut self, query: &Query) {
        self.replies.remove(query);
    }

    /// Sends a query, unless its reply is known already: then returns the reply.
    pub(crate) fn ask(&mut self, query: Query, asker: Asker) -> Option<Arc<Reply>> {
        if let Some(reply) = self.replies.get(&query) {
            return Some(Arc::clone(reply));
        }
        if let Some(error) = self.refusal(&query) {
            return Some(Arc::new(Reply::failed(query, error)));
        }
        let mut running = self.running.values_mut();
        if let Some(same) = running.find(|running| running.query == query) {
            same.askers.push(asker);
            return None;
        }
        let id = QueryId(self.next_id);
        self.next_id += 1;
        self.outbox.push_back(id);
        let running = RunningQuery {
            page: query.clone(),
            query,
            pages: Vec::new(),
            sent_at: Timestamp::default(),
            askers: vec![asker],
        };
        self.running.insert(id, running);
        None
    }

    /// Returns the error of a query that KuCoin is known to refuse.
    fn refusal(&self, query: &Query) -> Option<QueryError> {
        let refused = self.refused.get(query.endpoint().path());
        refused.or(self.locked_out.as_ref()).cloned()
    }

    /// Returns the next query to send. `now` is the exchange time.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<(QueryId, Query)> {
        let id = self.outbox.pop_front()?;
        let running = self.running.get_mut(&id)?;
        running.sent_at = now;
        self.sent += 1;
        let endpoint = running.page.endpoint();
        // The pool of public data is a quota of the IP address.
        if endpoint.pool() != Pool::Public {
            self.weight += endpoint.weight();
        }
        Some((id, running.page.clone()))
    }

    /// Takes the reply to a query; returns the replies that are complete now.
    ///
    /// A refusal also answers the queries of the same endpoint that are not sent yet.
    pub(crate) fn reply(
        &mut self,
        now: Timestamp,
        id: QueryId,
        page: Result<RawPage, QueryError>,
    ) -> Vec<Answer> {
        let Some(running) = self.running.get_mut(&id) else {
            return Vec::new();
        };
        let error = match page {
            Ok(page) => {
                let next = page.next_query(&running.page);
                running.pages.push((page, (running.sent_at, now)));
                match next {
                    Some(_) if running.pages.len() >= MAX_PAGES => {
                        Some(too_many_pages(&running.query))
                    }
                    Some(next) => {
                        running.page = next;
                        self.outbox.push_back(id);
                        return Vec::new();
                    }
                    None => None,
                }
            }
            Err(error) => Some(error),
        };
        let mut answers = Vec::from_iter(self.complete(id, error.clone()));
        if let Some(error) = error {
            self.note_refusal(&error);
            let waiting: Vec<_> = self.outbox.drain(..).collect();
            for id in waiting {
                let refusal = self.running.get(&id).map(|running| &running.page);
                match refusal.and_then(|query| self.refusal(query)) {
                    Some(error) => answers.extend(self.complete(id, Some(error))),
                    None => self.outbox.push_back(id),
                }
            }
        }
        answers
    }

    fn complete(&mut self, id: QueryId, error: Option<QueryError>) -> Option<Answer> {
        let running = self.running.remove(&id)?;
        let reply = Arc::new(Reply {
            query: running.query,
            pages: running.pages,
            error,
        });
        self.replies.insert(reply.query.clone(), Arc::clone(&reply));
        Some((reply, running.askers))
    }

    fn note_refusal(&mut self, error: &QueryError) {
        let is_for_good = |code| REFUSED_FOR_GOOD.contains(&code);
        let path = error.query().endpoint().path();
        // A path without an ID that KuCoin does not serve.
        let is_unserved = matches!(error, QueryError::NotFound { .. }) && !path.contains("Id}");
        if error.is_credentials() {
            self.locked_out = Some(error.clone());
        } else if is_unserved || error.code().is_some_and(is_for_good) {
            self.refused.insert(path, error.clone());
        }
    }

    /// Gives up the queries in progress, as if the REST API could not be reached.
    pub(crate) fn give_up(&mut self) -> Vec<Answer> {
        self.outbox.clear();
        let ids: Vec<_> = self.running.keys().copied().collect();
        let mut answers = Vec::new();
        for id in ids {
            if let Some(running) = self.running.get(&id) {
                let error = no_reply(&running.query);
                answers.extend(self.complete(id, Some(error)));
            }
        }
        answers
    }

    /// Returns `true` if no query is awaited.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    pub(crate) fn requests(&self) -> u32 {
        self.sent
    }

    pub(crate) fn weight(&self) -> u32 {
        self.weight
    }
}

fn too_many_pages(query: &Query) -> QueryError {
    QueryError::Unreadable {
        query: failed(query),
        reason: format!("more than {MAX_PAGES} pages").into(),
        excerpt: Default::default(),
    }
}

fn no_reply(query: &Query) -> QueryError {
    let source = SourceError::new(RetryPolicy::Transient, "no reply within a minute");
    QueryError::Unreachable {
        query: failed(query),
        source: Arc::new(source),
    }
}

fn failed(query: &Query) -> FailedQuery {
    FailedQuery::new(query.endpoint(), UnifiedVersion::V1, "KuCoin")
}

#[cfg(test)]
mod tests {
    use kucoin_streams_rest as rest;

    use super::*;

    fn fills(symbol: &str) -> Query {
        rest::SpotFills::new(symbol).into()
    }

    fn ask(queries: &mut Queries, query: Query) -> Option<Arc<Reply>> {
        queries.ask(query, (0, Ask::Fills, 0))
    }

    fn refused(query: &Query, code: &str) -> QueryError {
        QueryError::Refused {
            query: failed(query),
            code: code.into(),
            message: Default::default(),
        }
    }

    #[test]
    fn same_query_is_sent_once() {
        let mut queries = Queries::default();
        assert!(ask(&mut queries, fills("A-B")).is_none());
        assert!(ask(&mut queries, fills("A-B")).is_none());
        let (id, query) = queries.next(Timestamp::default()).unwrap();
        assert!(queries.next(Timestamp::default()).is_none());
        let page = query
            .read(r#"{"code":"200000","data":{"lastId":0,"items":[]}}"#)
            .unwrap();
        let answers = queries.reply(Timestamp::default(), id, Ok(page));
        assert_eq!(answers[0].1.len(), 2);
        assert!(ask(&mut queries, fills("A-B")).is_some());
        assert_eq!((queries.requests(), queries.weight()), (1, 2));
    }

    #[test]
    fn pages_are_one_reply() {
        let mut queries = Queries::default();
        ask(&mut queries, fills("A-B"));
        let (id, query) = queries.next(Timestamp::default()).unwrap();
        let body = r#"{"code":"200000","data":{"lastId":7,"items":[{"a":1}]}}"#;
        let page = query.read(body).unwrap();
        assert!(queries.reply(Timestamp::default(), id, Ok(page)).is_empty());
        let (id, query) = queries.next(Timestamp::default()).unwrap();
        assert_eq!(query.param("lastId"), Some("7"));
        let body = r#"{"code":"200000","data":{"lastId":null,"items":[]}}"#;
        let page = query.read(body).unwrap();
        let answers = queries.reply(Timestamp::default(), id, Ok(page));
        assert_eq!(answers[0].0.pages.len(), 2);
        assert!(queries.is_idle());
    }

    #[test]
    fn missing_permission_is_not_asked_again() {
        let mut queries = Queries::default();
        ask(&mut queries, fills("A-B"));
        ask(&mut queries, fills("C-D"));
        let (id, query) = queries.next(Timestamp::default()).unwrap();
        let error = refused(&query, "400007");
        let answers = queries.reply(Timestamp::default(), id, Err(error));
        assert_eq!(answers.len(), 2);
        queries.begin_recovery();
        assert!(ask(&mut queries, fills("E-F")).is_some());
        assert!(ask(&mut queries, rest::SpotLedger::new().into()).is_none());
    }

    #[test]
    fn refused_key_stops_all_queries_until_the_next_recovery() {
        let mut queries = Queries::default();
        ask(&mut queries, fills("A-B"));
        ask(&mut queries, rest::SpotLedger::new().into());
        let (id, query) = queries.next(Timestamp::default()).unwrap();
        let error = refused(&query, "400003");
        assert_eq!(queries.reply(Timestamp::default(), id, Err(error)).len(), 2);
        assert!(ask(&mut queries, fills("C-D")).is_some());
        queries.begin_recovery();
        assert!(ask(&mut queries, fills("C-D")).is_none());
    }

    #[test]
    fn other_refusal_is_of_one_query() {
        let mut queries = Queries::default();
        ask(&mut queries, fills("A-B"));
        ask(&mut queries, fills("C-D"));
        let (id, query) = queries.next(Timestamp::default()).unwrap();
        let error = refused(&query, "900001");
        assert_eq!(queries.reply(Timestamp::default(), id, Err(error)).len(), 1);
        assert!(queries.next(Timestamp::default()).is_some());
    }

    #[test]
    fn late_sweep_repeats_only_what_has_failed() {
        let mut queries = Queries::default();
        ask(&mut queries, fills("A-B"));
        ask(&mut queries, fills("C-D"));
        let (id, query) = queries.next(Timestamp::default()).unwrap();
        let page = query.read(r#"{"code":"200000","data":null}"#).unwrap();
        queries.reply(Timestamp::default(), id, Ok(page));
        assert_eq!(queries.give_up().len(), 1);
        queries.begin_late_sweep();
        assert!(ask(&mut queries, fills("A-B")).is_some());
        assert!(ask(&mut queries, fills("C-D")).is_none());
    }
}
