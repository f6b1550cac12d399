#pragma once

#include "net/client.hpp"
#include "objects/raw_store.hpp"

#include <string>
#include <string_view>

// From an S3 server's refusal to the error our callers decide on, with the setting that helps.
namespace exchange::objects {

// The <Code> of an error, e.g. NoSuchBucket; empty when there is none (HEAD has no body).
std::string parse_error_code(std::string_view body);

// For an answer that is not the wished one. `store` says which bucket where, `doing` what was
// asked, e.g. "PUT". Of the answer, only status and code are told.
StoreError error_of(const net::ClientResponse& response, std::string_view store,
                    std::string_view doing);

}  // namespace exchange::objects
