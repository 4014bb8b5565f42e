package standin;

import org.elasticsearch.ingest.Processor;

/** The factory interface of Elasticsearch 9, which knows projects. */
final class Factories {
  private Factories() {}

  static Processor.Factory of(Creator creator) {
    return (registry, tag, description, config, project) -> creator.create(tag, description, config);
  }
}
