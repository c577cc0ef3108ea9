//! Node graphs in the API ("prompt") JSON format.
