//! The paging styles.

use super::super::paging::{Newest, Numbered, Offset};
use super::*;

/// Rows 9 to 1.
fn rows() -> impl Iterator<Item = u64> {
    (1..=9).rev()
}

fn newest(pages: Newest, query: &str) -> (Vec<u64>, Option<u64>) {
    let page = pages.page(&Query::parse(query), rows(), |id| *id).unwrap();
    (page.rows, page.last_id)
}

#[test]
fn last_id_continues_with_older_rows() {
    let pages = Newest::limit(4, 5);
    assert_eq!(newest(pages, ""), (vec![9, 8, 7, 6], Some(6)));
    assert_eq!(
        newest(pages, "lastId=6&limit=5"),
        (vec![5, 4, 3, 2, 1], Some(1))
    );
    assert_eq!(newest(pages, "lastId=1"), (vec![], None));
    assert_eq!(newest(pages, "lastId=0&limit=1"), (vec![9], Some(9)));
}

#[test]
fn opaque_last_id_is_no_row_and_continues() {
    let pages = Newest {
        opaque: true,
        ..Newest::limit(4, 5)
    };
    let (first, last) = newest(pages, "");
    let last = last.unwrap();
    assert!(rows().all(|id| id != last));
    let (second, _) = newest(pages, &format!("lastId={last}"));
    assert_eq!([first, second].concat(), [9, 8, 7, 6, 5, 4, 3, 2]);
}

#[test]
fn offset_continues_in_both_directions() {
    let pages = Offset {
        default: 3,
        most: 5,
    };
    let page = |query: &str| pages.page(&Query::parse(query), rows(), |id| *id).unwrap();
    assert_eq!(page(""), (vec![9, 8, 7], true));
    assert_eq!(page("offset=7"), (vec![6, 5, 4], true));
    assert_eq!(page("offset=4&maxCount=5"), (vec![3, 2, 1], false));
    assert_eq!(page("offset=4&forward=false"), (vec![7, 6, 5], true));
    assert_eq!(page("offset=7&forward=false"), (vec![9, 8], false));
}

#[test]
fn shifted_page_repeats_rows_of_the_page_before() {
    let mut account = Account::new();
    let pages = Numbered {
        number: "currentPage",
        size: "pageSize",
        default: 4,
        sizes: (1, 4),
    };
    let mut page = |query: &str, shift| {
        account.shift = shift;
        let query = Query::parse(query);
        let ask = Ask {
            query: &query,
            segment: String::new(),
            history: &account.history,
            engine: &account.engine,
            now_ms: NOW,
            symbol_required: false,
            shift: account.shift,
            user: account.user(),
        };
        let page = pages.page(&ask, rows()).unwrap();
        page.write("currentPage", u64::to_string)
    };
    let expected = |number, items| {
        format!(
            r#"{{"currentPage":{number},"pageSize":4,"totalNum":9,"totalPage":3,"items":[{items}]}}"#
        )
    };
    assert_eq!(page("", 2), expected(1, "9,8,7,6"));
    assert_eq!(page("currentPage=2", 0), expected(2, "5,4,3,2"));
    assert_eq!(page("currentPage=2", 2), expected(2, "7,6,5,4"));
    assert_eq!(page("currentPage=3", 0), expected(3, "1"));
    assert_eq!(page("currentPage=4", 0), expected(4, ""));
}
