//! Reads an array element by element.

use super::{DecodeError, Scanner, Value};

/// Reader of an array, element by element.
///
/// Read elements with [`value`](Array::value) or [`element`](Array::element) until there are no more.
#[derive(Debug)]
pub struct Array<'s, 'f> {
    scanner: &'s mut Scanner<'f>,
    first: bool,
}

impl<'s, 'f> Array<'s, 'f> {
    /// Creates a reader. The scanner must be right after the opening bracket.
    #[inline]
    pub(super) fn entered(scanner: &'s mut Scanner<'f>) -> Self {
        Self {
            scanner,
            first: true,
        }
    }

    /// Returns the next element; `None` after the last one.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON.
    #[inline]
    pub fn value(&mut self) -> Result<Option<Value<'f>>, DecodeError> {
        self.element()?.map(Scanner::value).transpose()
    }

    /// Returns the scanner, to read the next element; `None` after the last one. Read exactly one value.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON.
    #[inline]
    pub fn element(&mut self) -> Result<Option<&mut Scanner<'f>>, DecodeError> {
        match (self.scanner.next_token(), self.first) {
            (Some(b']'), _) => {
                self.scanner.at += 1;
                return Ok(None);
            }
            (Some(b','), false) => self.scanner.at += 1,
            (Some(_), true) => self.first = false,
            _ => return Err(self.scanner.error("expected `,` or `]`")),
        }
        Ok(Some(self.scanner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the elements, if the whole text is an array.
    fn elements(json: &str) -> Result<Vec<&str>, DecodeError> {
        let mut scanner = Scanner::new(json);
        let mut array = scanner.array()?;
        let mut elements = Vec::new();
        while let Some(element) = array.value()? {
            elements.push(element.as_str());
        }
        scanner.finish()?;
        Ok(elements)
    }

    #[test]
    fn elements_are_read_in_order() {
        assert_eq!(
            elements(r#" [ 1 ,"a,]",[2,[]],{"b":[3]} ,null] "#).unwrap(),
            ["1", r#""a,]""#, "[2,[]]", r#"{"b":[3]}"#, "null"]
        );
        assert!(elements("[]").unwrap().is_empty());
        assert!(elements(" [ ] ").unwrap().is_empty());
    }

    #[test]
    fn text_that_serde_json_rejects_is_an_error() {
        for json in [
            "", "[", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1}", "[]]", "{}", "7", "[1,,2]",
        ] {
            assert!(elements(json).is_err(), "{json}");
            assert!(serde_json::from_str::<Vec<serde_json::Value>>(json).is_err());
        }
    }

    #[test]
    fn element_can_be_entered() {
        let mut scanner = Scanner::new(r#"[{"a":1},{"a":2}]"#);
        let mut array = scanner.array().unwrap();
        let mut keys = 0;
        while let Some(element) = array.element().unwrap() {
            let mut object = element.object().unwrap();
            while object.member().unwrap().is_some() {
                keys += 1;
            }
        }
        assert_eq!(keys, 2);
    }
}
