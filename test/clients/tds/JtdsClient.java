import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

/** What jTDS (JDBC) sees of a SQL pool, as lines of text: `step: …`. The password comes on standard input, the rest as arguments. */
public final class JtdsClient {
    private static String url;
    private static String user;
    private static String password;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        user = arguments[1];
        password = new Scanner(System.in, "UTF-8").nextLine();
        Class.forName("net.sourceforge.jtds.jdbc.Driver");
        for (int i = 2; i < arguments.length; i++) {
            say(arguments[i], step(arguments[i]));
        }
    }

    private static void say(String step, Object text) throws Exception {
        System.out.write((step + ": " + text + "\n").getBytes("UTF-8"));
        System.out.flush();
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    private static String step(String name) throws Exception {
        switch (name) {
            case "kinds": return kinds();
            case "parameters": return parameters();
            case "transactions": return transactions();
            case "batch": return batch();
            case "cancel": return cancel();
            case "catalogue": return catalogue();
            case "errors": return errors();
            default: throw new IllegalArgumentException(name);
        }
    }

    private static String rows(ResultSet result) throws SQLException {
        ResultSetMetaData columns = result.getMetaData();
        List<String> rows = new ArrayList<>();
        while (result.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) row.add(result.getString(i));
            rows.add(String.join("|", row.stream().map(String::valueOf).toArray(String[]::new)));
        }
        return String.join(" // ", rows);
    }

    private static String kinds() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            ResultSet result = statement.executeQuery("SELECT id, b, ti, si, bi, d, m, f, r, u, nv, v, c, vm FROM dbo.kinds ORDER BY id");
            return rows(result);
        }
    }

    private static String parameters() throws SQLException {
        try (Connection connection = connect()) {
            PreparedStatement prepared = connection.prepareStatement("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e");
            List<String> answers = new ArrayList<>();
            for (int round = 1; round <= 2; round++) {
                prepared.setInt(1, round);
                prepared.setString(2, "Zürich €");
                prepared.setBigDecimal(3, new java.math.BigDecimal("12.50"));
                prepared.setNull(4, Types.VARCHAR);
                prepared.setTimestamp(5, java.sql.Timestamp.valueOf("2024-02-29 10:11:12.123"));
                answers.add(rows(prepared.executeQuery()));
            }
            return String.join(" // ", answers);
        }
    }

    private static String transactions() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.executeUpdate("INSERT INTO dbo.jtds_notes VALUES (1, N'kept')");
            connection.commit();
            int changed = statement.executeUpdate("INSERT INTO dbo.jtds_notes VALUES (2, N'given up')");
            connection.rollback();
            String found = rows(statement.executeQuery("SELECT id, note FROM dbo.jtds_notes ORDER BY id"));
            connection.commit();
            return changed + " " + found;
        }
    }

    private static String batch() throws SQLException {
        try (Connection connection = connect()) {
            PreparedStatement prepared = connection.prepareStatement("INSERT INTO dbo.jtds_notes VALUES (?, ?)");
            for (int number = 100; number < 150; number++) {
                prepared.setInt(1, number);
                prepared.setString(2, "note " + number);
                prepared.addBatch();
            }
            int[] counts = prepared.executeBatch();
            Statement statement = connection.createStatement();
            return counts.length + " " + rows(statement.executeQuery("SELECT COUNT(*), MIN(id), MAX(note) FROM dbo.jtds_notes WHERE id >= 100"));
        }
    }

    private static String cancel() throws Exception {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            String outcome;
            try {
                statement.executeQuery(System.getProperty("heavy")).next();
                outcome = "finished";
            } catch (SQLException error) {
                outcome = error.getSQLState();
            }
            statement.setQueryTimeout(0);
            return outcome + " " + rows(statement.executeQuery("SELECT 2"));
        }
    }

    private static String catalogue() throws SQLException {
        try (Connection connection = connect()) {
            DatabaseMetaData about = connection.getMetaData();
            List<String> said = new ArrayList<>();
            ResultSet tables = about.getTables(null, "dbo", "kinds", null);
            while (tables.next()) said.add(tables.getString("TABLE_SCHEM") + "." + tables.getString("TABLE_NAME") + " " + tables.getString("TABLE_TYPE"));
            ResultSet columns = about.getColumns(null, "dbo", "kinds", "%");
            while (columns.next()) said.add(columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"));
            ResultSet keys = about.getPrimaryKeys(null, "dbo", "keyed");
            while (keys.next()) said.add("key " + keys.getString("COLUMN_NAME"));
            return String.join(", ", said);
        }
    }

    private static String errors() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            List<String> said = new ArrayList<>();
            for (String sql : new String[] {"SELECT * FROM dbo.nowhere", "SELECT 1/0", "SELEC 1"}) {
                try {
                    statement.executeQuery(sql).next();
                    said.add("finished");
                } catch (SQLException error) {
                    said.add(error.getErrorCode() + "");
                }
            }
            return String.join(" ", said) + " " + rows(statement.executeQuery("SELECT 3"));
        }
    }
}
