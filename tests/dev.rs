#![allow(dead_code, unused_imports)]
#[path = "/tmp/w/wt-help/tests/it/support/mod.rs"]
mod support;
mod live {
    #[path = "/tmp/w/wt-help/tests/it/live/paging.rs"]
    mod paging;
}
