//! The queries of one sweep: each is sent once, whatever number of books asks for it, with all its pages.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use kucoin_streams_core::Timestamp;
use kucoin_streams_rest::{FailedQuery, Query, QueryError, RawPage, UnifiedVersion};

use crate::books::{Ask, Reply};

/// Maximum number of pages of one query: 100 rows each are far more than a gap has.
const MAX_PAGES: usize = 500;

/// Number of a query, to match its reply. A reply to a query that was given up is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueryId(u64);

/// The asker of a query: index of the book, what it asks for, and its part.
pub(crate) type Asker = (usize, Ask, usize);

/// The queries of a sweep.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    next_id: u64,
    /// Queries to send.
    outbox: VecDeque<(QueryId, Query)>,
    running: HashMap<QueryId, Running>,
    /// Replies of this sweep, for books that ask for the same later.
    replies: HashMap<Query, Arc<Reply>>,
    /// Endpoints that KuCoin refuses to this API key: they are not asked again.
    refused: HashMap<&'static str, QueryError>,
    sent: u32,
    weight: u32,
}

#[derive(Debug)]
struct Running {
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

    /// Forgets the numbers of requests and their weight.
    pub(crate) fn begin_recovery(&mut self) {
        self.begin_sweep();
        self.sent = 0;
        self.weight = 0;
    }

    /// Sends a query, unless its reply is known already: then returns the reply.
    pub(crate) fn ask(&mut self, query: Query, asker: Asker) -> Option<Arc<Reply>> {
        if let Some(reply) = self.replies.get(&query) {
            return Some(Arc::clone(reply));
        }
        if let Some(error) = self.refused.get(query.endpoint().path()) {
            let error = Some(error.clone());
            return Some(Arc::new(Reply {
                query,
                pages: Vec::new(),
                error,
            }));
        }
        let running = self.running.values_mut();
        if let Some(same) = running.into_iter().find(|running| running.query == query) {
            same.askers.push(asker);
            return None;
        }
        let id = QueryId(self.next_id);
        self.next_id += 1;
        self.outbox.push_back((id, query.clone()));
        let running = Running {
            page: query.clone(),
            query,
            pages: Vec::new(),
            sent_at: Timestamp::default(),
            askers: vec![asker],
        };
        self.running.insert(id, running);
        None
    }

    /// Returns the next query to send. `now` is the exchange time.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<(QueryId, Query)> {
        let (id, query) = self.outbox.pop_front()?;
        if let Some(running) = self.running.get_mut(&id) {
            running.sent_at = now;
        }
        self.sent += 1;
        self.weight += query.endpoint().weight();
        Some((id, query))
    }

    /// Takes the reply to a query; returns the reply with all pages and its askers once the last page is there.
    pub(crate) fn reply(
        &mut self,
        now: Timestamp,
        id: QueryId,
        page: Result<RawPage, QueryError>,
    ) -> Option<(Arc<Reply>, Vec<Asker>)> {
        let running = self.running.get_mut(&id)?;
        let error = match page {
            Ok(page) => {
                let next = page.next_query(&running.page);
                running.pages.push((page, (running.sent_at, now)));
                if let Some(next) = next {
                    if running.pages.len() < MAX_PAGES {
                        running.page = next.clone();
                        self.outbox.push_back((id, next));
                        return None;
                    }
                    Some(too_many_pages(&running.query))
                } else {
                    None
                }
            }
            Err(error) => {
                if let QueryError::Refused { .. } = error {
                    let path = running.query.endpoint().path();
                    self.refused.insert(path, error.clone());
                }
                Some(error)
            }
        };
        let running = self.running.remove(&id)?;
        let reply = Arc::new(Reply {
            query: running.query,
            pages: running.pages,
            error,
        });
        self.replies.insert(reply.query.clone(), Arc::clone(&reply));
        Some((reply, running.askers))
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
        query: FailedQuery::new(query.endpoint(), UnifiedVersion::V1, "KuCoin"),
        reason: format!("more than {MAX_PAGES} pages").into(),
        excerpt: Default::default(),
    }
}
