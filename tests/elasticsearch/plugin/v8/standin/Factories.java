package standin;

import org.elasticsearch.ingest.Processor;

/** The factory interface of Elasticsearch 8. */
final class Factories {
  private Factories() {}

  static Processor.Factory of(Creator creator) {
    return (registry, tag, description, config) -> creator.create(tag, description, config);
  }
}
