#pragma once

#include "obs/tracer.hpp"
#include "outbox/window.hpp"

#include <vector>

// The spans of publishing the events of one batch, each in the trace that its row carries. A
// sampled event's header `traceparent` becomes that of its span, so that a reader's span hangs on
// it; any other header goes out as it stands in the row.
namespace exchange::outbox {

class PublishTrace {
public:
    // `tracer` null: does nothing.
    PublishTrace(obs::Tracer* tracer, LaneId lane, Batch& batch);
    // What left and was not ended has failed: whether it is in Kafka is not known.
    ~PublishTrace();
    PublishTrace(const PublishTrace&) = delete;
    PublishTrace& operator=(const PublishTrace&) = delete;

    // The events leave now: the spans begin. What never leaves has none.
    void leave();

    // One delivery for each event of the batch, in order.
    void end(const std::vector<kafka::Delivery>& deliveries, std::int64_t ended_us);

private:
    struct Begun {
        std::size_t event = 0;
        obs::Span span;
    };

    obs::Tracer* tracer_;
    std::vector<Begun> begun_;
    bool left_ = false;
};

}  // namespace exchange::outbox
