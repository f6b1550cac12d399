#include "objects/s3_errors.hpp"

#include "objects/xml.hpp"

#include <algorithm>
#include <array>

namespace exchange::objects {
namespace {

struct Verdict {
    std::string_view code;
    StoreFault fault;
    std::string_view hint;
};

constexpr std::string_view hint_policy =
    "the credentials are known but may not do this; check the bucket's and the user's policy";
constexpr std::string_view hint_region = "check AWS_REGION and S3_ENDPOINT";
constexpr std::string_view hint_damage = "the bytes changed on the way or in memory; try again";
constexpr std::string_view hint_token = "renew AWS_SESSION_TOKEN and its key and secret";
constexpr std::string_view hint_name = "check the bucket's name in RAW_STORE";
constexpr std::string_view hint_later = "the store asks to try again later";
constexpr std::string_view hint_unknown = "check RAW_STORE and S3_ENDPOINT";

constexpr std::array verdicts{
    Verdict{"AccessDenied", StoreFault::denied, hint_policy},
    Verdict{"AccountProblem", StoreFault::denied, hint_policy},
    Verdict{"AllAccessDisabled", StoreFault::denied, hint_policy},
    Verdict{"InvalidAccessKeyId", StoreFault::denied, "check AWS_ACCESS_KEY_ID"},
    // So says versitygw of a key it does not know.
    Verdict{"XAdminUserNotFound", StoreFault::denied, "check AWS_ACCESS_KEY_ID"},
    Verdict{"SignatureDoesNotMatch", StoreFault::denied, "check AWS_SECRET_ACCESS_KEY"},
    Verdict{"RequestTimeTooSkewed", StoreFault::denied, "set this machine's clock"},
    Verdict{"ExpiredToken", StoreFault::denied, hint_token},
    Verdict{"InvalidToken", StoreFault::denied, hint_token},
    Verdict{"AuthorizationHeaderMalformed", StoreFault::denied, hint_region},
    Verdict{"PermanentRedirect", StoreFault::denied, hint_region},
    Verdict{"TemporaryRedirect", StoreFault::unavailable, hint_later},
    Verdict{"NoSuchBucket", StoreFault::bucket_missing,
            "create the bucket or check its name in RAW_STORE"},
    Verdict{"InvalidBucketName", StoreFault::bucket_missing, hint_name},
    Verdict{"NoSuchKey", StoreFault::object_missing, "it was removed or never written"},
    Verdict{"BadDigest", StoreFault::corrupted, hint_damage},
    Verdict{"InvalidDigest", StoreFault::corrupted, hint_damage},
    Verdict{"XAmzContentSHA256Mismatch", StoreFault::corrupted, hint_damage},
    Verdict{"XAmzContentChecksumMismatch", StoreFault::corrupted, hint_damage},
    Verdict{"InvalidRange", StoreFault::corrupted, "the object is shorter than recorded"},
    Verdict{"RequestTimeout", StoreFault::unavailable, hint_later},
    Verdict{"SlowDown", StoreFault::unavailable, hint_later},
    Verdict{"OperationAborted", StoreFault::unavailable, hint_later},
    Verdict{"BucketAlreadyExists", StoreFault::denied,
            "another account owns a bucket of that name; choose another in RAW_STORE"},
};

Verdict verdict_of(unsigned status, std::string_view code)
{
    const auto known = std::ranges::find(verdicts, code, &Verdict::code);
    if (known != verdicts.end()) return *known;
    if (status == 401 || status == 403)
        return {code, StoreFault::denied,
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy"};
    // An S3 server says what is missing; something else behind that address does not.
    if (status == 404) return {code, StoreFault::unavailable, hint_unknown};
    if (status == 416) return {code, StoreFault::corrupted, "the object is shorter than recorded"};
    if (status == 301 || status == 307) return {code, StoreFault::denied, hint_region};
    if (status >= 500 || status == 429 || status == 408)
        return {code, StoreFault::unavailable, "look at the store behind S3_ENDPOINT"};
    return {code, StoreFault::denied, hint_unknown};
}

}  // namespace

std::string parse_error_code(std::string_view body)
{
    const std::optional<XmlElement> root = parse_xml(body);
    if (!root || root->name != "Error") return {};
    const std::string_view code = root->child_text("Code");
    const auto is_letter_or_digit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (code.size() > 64 || !std::ranges::all_of(code, is_letter_or_digit)) return {};
    return std::string{code};
}

StoreError error_of(const net::ClientResponse& response, std::string_view store,
                    std::string_view doing)
{
    const std::string code = parse_error_code(response.body);
    const Verdict verdict = verdict_of(response.status, code);
    std::string message{store};
    message.append(": ").append(doing).append(" was answered with ");
    message.append(std::to_string(response.status));
    if (!code.empty()) message.append(" ").append(code);
    message.append(". Hint: ").append(verdict.hint).append(".");
    return StoreError{verdict.fault, message};
}

}  // namespace exchange::objects
