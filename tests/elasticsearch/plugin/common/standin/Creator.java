package standin;

import java.util.Map;
import org.elasticsearch.ingest.Processor;

/** A processor factory without the parameters that differ between the server's versions. */
interface Creator {
  Processor create(String tag, String description, Map<String, Object> config) throws Exception;
}
