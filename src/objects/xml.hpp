#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The part of XML that S3 servers answer with: elements, text and entities. No document type (and
// so no expansion of entities of one's own), no CDATA, no comments: those are refused.
namespace exchange::objects {

struct XmlElement {
    std::string name;
    // Its own text, without that of its children.
    std::string text;
    std::vector<XmlElement> children;

    // The text of the first child of that name; empty without one.
    std::string_view child_text(std::string_view child_name) const;
};

// The root element, or nothing when `document` is anything but such XML.
std::optional<XmlElement> parse_xml(std::string_view document);

}  // namespace exchange::objects
